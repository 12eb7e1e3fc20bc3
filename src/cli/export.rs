//! `roomwright export`: a scene in other formats.

use super::args::ExportArgs;
use crate::{export, output, physics};
use anyhow::Result;

/// Runs the verb.
pub fn run(args: &ExportArgs) -> Result<()> {
    let formats = export::formats(&args.to)?;
    let scene = physics::load_scene(&args.scene)?;
    let folder = output::RunFolder::open(&args.output)?;
    for path in folder.export(&scene, &formats)? {
        println!("{}", path.display());
    }
    Ok(())
}
