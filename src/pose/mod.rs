//! Stage 2: the camera path. `&FrameSet -> Trajectory`.

pub mod trajectory;

pub use trajectory::{FramePose, Observation, SparsePoint, Trajectory};
