//! Every metric by which a result is judged, exactly as specified.
