//! `roomwright check`: every figure of physical consistency.

use super::args::CheckArgs;
use crate::{output, physics};
use anyhow::Result;

/// Runs the verb.
pub fn run(args: &CheckArgs) -> Result<()> {
    let scene = physics::load_scene(&args.scene)?;
    let draft = args.draft.as_deref().map(output::read_draft).transpose()?;
    let consistency = physics::check(&scene, draft.as_ref());
    if args.json {
        println!("{}", serde_json::to_string_pretty(&consistency)?);
    } else {
        print!("{}", consistency.table());
    }
    Ok(())
}
