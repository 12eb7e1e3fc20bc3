//! Stage 3: dense depth of the keyframes. `(&FrameSet, &Trajectory) -> DepthMaps`.

pub mod maps;

pub use maps::{DepthMap, DepthMaps};
