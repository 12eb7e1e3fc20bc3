//! From a walk through a room to a physically consistent 3D layout.
//!
//! Modules stand in the order in which data flows; a later module may import an earlier one, never
//! the reverse.
//!
//! | # | stage | signature | module |
//! |---|---|---|---|
//! | 1 | decode | `Clip -> FrameSet` | [`video`] |
//! | 2 | camera | `&FrameSet -> Trajectory` | [`pose`] |
//! | 3 | depth | `(&FrameSet, &Trajectory) -> DepthMaps` | [`depth`] |
//! | 4 | fuse | `(&Trajectory, &DepthMaps) -> Cloud<World>` | [`cloud`] |
//! | 5 | align | `(&Cloud<World>, &Trajectory) -> (Alignment, Cloud<SceneFrame>)` | [`align`] |
//! | 6 | detect | `&Cloud<SceneFrame> -> Draft` | [`layout`] |
//! | 7 | make consistent | `Draft -> (Scene, Findings)` | [`physics`] |
//! | 8 | export | `&Scene -> bytes` | [`export`] |

pub mod math;
pub mod camera;
pub mod report;
pub mod nn;
pub mod video;
pub mod pose;
pub mod depth;
pub mod cloud;
pub mod semantics;
pub mod align;
pub mod scene;
pub mod layout;
pub mod physics;
pub mod export;
pub mod synth;
pub mod eval;
pub mod artifact;
pub mod viewer;
pub mod pipeline;
pub mod output;
pub mod fault;
pub mod store;
pub mod worker;
pub mod batch;
pub mod review;
pub mod cli;
