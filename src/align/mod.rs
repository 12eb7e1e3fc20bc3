//! Stage 5: gravity, yaw, floor and metres.
//! `(&Cloud<World>, Option<&Trajectory>, &Hints) -> (Alignment, Cloud<SceneFrame>)`.
//!
//! | file | what it does |
//! |---|---|
//! | [`evidence`] | thins the cloud to oriented surface samples of equal area |
//! | [`planes`] | planes along a direction, with honest tilt sigmas |
//! | [`upright`] | which way is roughly up: from how people hold cameras, or from the room alone |
//! | [`gravity`] | fuses floors, tables, walls and the cameras to the up direction |
//! | [`yaw`] | the wall directions, when there are two perpendicular ones |
//! | [`levels`] | floor and ceiling among the horizontal surfaces |
//! | [`scale`] | metres per world unit from everything that has a usual size |
//! | [`judge`] | the same, asked of a network that looks at the whole scene |
//! | [`estimate`] | the stage itself |

pub mod alignment;
pub mod options;
mod evidence;
mod planes;
mod upright;
mod gravity;
mod yaw;
mod levels;
mod scale;
mod judge;
mod estimate;
#[cfg(test)]
mod tests;

pub use alignment::{Alignment, Cue, Hints, ScaleSource};
pub use estimate::{Views, align};
pub use judge::{Judgement, LogScale, ScaleJudge};
pub use options::{Error, Options};
