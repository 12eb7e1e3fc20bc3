//! Stage 7: from a draft to a scene that stands still. `Draft -> (Scene, Findings)`.
//!
//! The one way to a [`Scene`]: numbers are cleaned, walls joined and rooms closed (`structure`),
//! openings put into their walls, objects moved as little as their sigmas allow until they stand,
//! hang and do not penetrate (`objects`), then relations and room types are derived. What could not
//! be repaired is a finding in the scene; nothing is dropped in silence. Scene frame: Z up, metres,
//! floor z = 0.

mod assemble;
mod check;
mod clean;
mod error;
mod findings;
mod geometry;
mod load;
mod objects;
mod options;
mod properties;
mod qp;
mod relations;
mod simulation;
mod structure;
mod unrepaired;

pub use check::{
    Collision, Consistency, EvidenceDistance, Navigability, OpeningClearance, Penetration, Share, Stability,
    Watertight, check,
};
pub use error::Error;
pub use load::{load_scene, parse_scene};
pub use options::Options;
pub use unrepaired::check_draft;

use crate::layout::Draft;
use crate::report::Reporter;
use crate::scene::{Provenance, Scene};

/// Makes a draft consistent.
///
/// # Errors
/// [`Error::TooMany`] for a draft beyond any dwelling, [`Error::Option`] for an option without
/// meaning. Bad numbers in the draft are no errors: they become findings.
pub fn make_consistent(
    draft: &Draft,
    options: &Options,
    provenance: Provenance,
    reporter: &Reporter,
) -> Result<Scene, Error> {
    options.check()?;
    let mut findings = findings::Findings::default();
    let mut clean = clean::clean(draft, &mut findings)?;
    let structure = structure::build(&mut clean, options, &mut findings)?;
    let items = objects::place(&clean, &structure, options, &mut findings);
    let scene = verified(assemble::assemble(structure, items, provenance, findings), options);
    let unresolved = scene.findings.iter().filter(|finding| finding.unresolved).count();
    reporter.diagnostic("rooms", scene.rooms.len());
    reporter.diagnostic("walls", scene.walls.len());
    reporter.diagnostic("objects", scene.objects.len());
    reporter.diagnostic("findings", scene.findings.len());
    if unresolved > 0 {
        reporter.warn(
            "scene-inconsistent",
            format!("{unresolved} findings could not be repaired; see `findings` in scene.json"),
        );
    }
    Ok(scene)
}

/// Adds what is measured on the finished scene: where a robot can go, and what is still violated.
fn verified(scene: Scene, options: &Options) -> Scene {
    let mut parts = (*scene).clone();
    parts.walkability = check::walkability(&scene, options.robot_radius_m);
    parts.findings.extend(check::violations(&scene, options.settle_s));
    Scene::assemble(parts)
}
