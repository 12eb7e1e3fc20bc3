//! Stage 7: from a draft to a scene that stands still. `Draft -> (Scene, Findings)`.
