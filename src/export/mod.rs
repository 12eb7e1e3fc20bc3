//! Stage 8: the files that viewers and simulators read. `&Scene -> bytes`.
