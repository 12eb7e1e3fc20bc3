//! `roomwright synth`: synthetic houses, scans and walks with exact truth.

use super::args::{Meshes, SynthCommon, SynthVideoArgs, SynthWhat};
use super::progress;
use crate::report::Reporter;
use crate::scene::Provenance;
use crate::synth::{self, HouseOptions, MeshSplit, ScanOptions, VideoOptions};
use crate::{export, output, physics};
use anyhow::Result;

/// Runs the verb.
pub fn run(what: &SynthWhat) -> Result<()> {
    let summary = match what {
        SynthWhat::House(args) => house(args)?,
        SynthWhat::Scan(args) => {
            synth::run_scan(args.seed, &house_options(args), &ScanOptions::default(), &args.output)?
        }
        SynthWhat::Video(args) => video(args)?,
    };
    let common = match what {
        SynthWhat::House(args) | SynthWhat::Scan(args) => args,
        SynthWhat::Video(args) => &args.common,
    };
    synth::report_meshes(&house_options(common), &Reporter::new(progress::sink(false)));
    println!("{}", serde_json::to_string(&summary)?);
    Ok(())
}

fn house_options(args: &SynthCommon) -> HouseOptions {
    let mut options = HouseOptions::default();
    if let Some(rooms) = args.rooms {
        (options.min_rooms, options.max_rooms) = (rooms, rooms);
    }
    let split = args.mesh_split.or(args.meshes.is_some().then_some(Meshes::All));
    options.mesh_split = match split {
        None => MeshSplit::None,
        Some(Meshes::Training) => MeshSplit::Training,
        Some(Meshes::Validation) => MeshSplit::Validation,
        Some(Meshes::All) => MeshSplit::All,
    };
    if let Some(folder) = &args.meshes {
        options.mesh_folder.clone_from(folder);
    }
    options
}

/// A house as a scene that viewers and simulators open, beside its truth.
fn house(args: &SynthCommon) -> Result<synth::Summary> {
    let options = house_options(args);
    let summary = synth::run_house(args.seed, &options, &args.output)?;
    let draft = synth::generate(args.seed, &options).draft();
    let provenance = Provenance {
        generator: concat!("roomwright ", env!("CARGO_PKG_VERSION")).to_owned(),
        input: format!("synthetic house, seed {}", args.seed),
        ..Provenance::default()
    };
    let scene =
        physics::make_consistent(&draft, &physics::Options::default(), provenance, &Reporter::default())?;
    let formats = export::formats(&["json".to_owned(), "glb".to_owned()])?;
    output::RunFolder::open(&args.output)?.export(&scene, &formats)?;
    Ok(summary)
}

fn video(args: &SynthVideoArgs) -> Result<synth::Summary> {
    let mut options = VideoOptions { house: house_options(&args.common), ..VideoOptions::default() };
    options.path.max_seconds = args.seconds;
    options.path.fps = args.fps;
    options.images_every = args.images_every;
    let reporter = Reporter::new(progress::sink(false));
    Ok(synth::run_video(args.common.seed, &options, &args.common.output, &reporter)?)
}
