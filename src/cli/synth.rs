//! `roomwright synth`: synthetic houses, scans, walks and data sets with exact truth.
//!
//! One JSON line a result goes to stdout, with its seed.

use super::args::{Meshes, SynthCommon, SynthDatasetArgs, SynthVideoArgs, SynthWhat};
use super::{exit, options, progress};
use crate::nn::Registry;
use crate::report::Reporter;
use crate::scene::{ClassMap, Provenance};
use crate::synth::{self, DatasetOptions, HouseOptions, ScanOptions, VideoOptions};
use crate::{export, output, physics};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::Path;

/// Runs the verb.
pub fn run(what: &SynthWhat) -> Result<()> {
    match what {
        SynthWhat::House(args) => {
            let options = with_flags(options::resolve(None, &args.set)?, args);
            each(args, &options, |seed, out| house(seed, &options, out))
        }
        SynthWhat::Scan(args) => {
            let scan: ScanOptions = options::resolve(None, &args.set)?;
            let house = with_flags(HouseOptions::default(), args);
            each(args, &house, |seed, out| Ok(json!(synth::run_scan(seed, &house, &scan, out)?)))
        }
        SynthWhat::Video(args) => video(args),
        SynthWhat::Dataset(args) => dataset(args),
    }
}

/// The flags that houses share, over the options.
fn with_flags(mut options: HouseOptions, args: &SynthCommon) -> HouseOptions {
    if let Some(rooms) = args.rooms {
        (options.min_rooms, options.max_rooms) = (rooms, rooms);
    }
    if let Some(split) = args.mesh_split.or(args.meshes.is_some().then_some(Meshes::All)) {
        options.mesh_split = split.into();
    }
    if let Some(folder) = &args.meshes {
        options.mesh_folder.clone_from(folder);
    }
    options
}

/// Makes one for each seed. A seed that fails does not stop the others: exit code 1 says that some did.
fn each(args: &SynthCommon, house: &HouseOptions, make: impl Fn(u64, &Path) -> Result<Value>) -> Result<()> {
    let mut failed = 0;
    for seed in args.seed..args.seed + args.count {
        let folder = args.output.join(format!("seed_{seed:06}"));
        let out = if args.count == 1 { &args.output } else { &folder };
        match make(seed, out) {
            Ok(mut line) => {
                line["seed"] = json!(seed);
                println!("{line}");
            }
            Err(error) if args.count == 1 => return Err(error),
            Err(error) => {
                failed += 1;
                eprintln!("error: seed {seed}: {error:#}");
            }
        }
    }
    synth::report_meshes(house, &Reporter::new(progress::sink(false)));
    if failed > 0 { Err(exit::SomeFailed { failed, of: args.count as usize }.into()) } else { Ok(()) }
}

/// A house as a scene that viewers and simulators open, beside its truth, with its physical check.
fn house(seed: u64, options: &HouseOptions, out: &Path) -> Result<Value> {
    let summary = synth::run_house(seed, options, out)?;
    let draft = synth::generate(seed, options).draft();
    let provenance = Provenance {
        generator: concat!("roomwright ", env!("CARGO_PKG_VERSION")).to_owned(),
        input: format!("synthetic house, seed {seed}"),
        ..Provenance::default()
    };
    let scene =
        physics::make_consistent(&draft, &physics::Options::default(), provenance, &Reporter::default())?;
    let formats = export::formats(&["json".to_owned(), "glb".to_owned()])?;
    output::RunFolder::open(out)?.export(&scene, &formats)?;
    let mut line = json!(summary);
    line["check"] = json!(physics::check(&scene, Some(&draft)));
    Ok(line)
}

fn video(args: &SynthVideoArgs) -> Result<()> {
    let mut options: VideoOptions = options::resolve(None, &args.common.set)?;
    options.house = with_flags(options.house, &args.common);
    options.path.max_seconds = args.seconds;
    options.path.fps = args.fps;
    options.images_every = args.images_every;
    let reporter = Reporter::new(progress::sink(false));
    each(&args.common, &options.house, |seed, out| {
        Ok(json!(synth::run_video(seed, &options, out, &reporter)?))
    })
}

fn dataset(args: &SynthDatasetArgs) -> Result<()> {
    let options = DatasetOptions { tiles: args.tiles, ..options::resolve(None, &args.set)? };
    let reporter = Reporter::new(progress::sink(false));
    if let Some(scans) = &args.scans {
        let classes = args.classes.as_deref().map(class_map).transpose()?;
        let registry = Registry::open(&args.models)?;
        let from = (scans.as_path(), classes.as_ref(), &registry);
        println!("{}", json!(synth::run_scans(from, args.seed, &options, &args.output, &reporter)?));
        return Ok(());
    }
    println!("{}", json!(synth::run_dataset(args.seed, &options, &args.output, &reporter)?));
    synth::report_meshes(&options.house, &reporter);
    Ok(())
}

fn class_map(path: &Path) -> Result<ClassMap> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    ClassMap::parse(&text, None).with_context(|| format!("the class table: {}", path.display()))
}
