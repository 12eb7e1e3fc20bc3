//! What was typed. One struct per verb; `plan` turns it into what will be done.

use crate::batch::Shard;
use crate::synth::MeshSplit;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// From a walk through a room to a scene that stands still.
#[derive(Debug, Parser)]
#[command(name = "roomwright", version, about, long_about = None, max_term_width = 100)]
pub struct Cli {
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Turn one video (or images, posed images, a point cloud) into a scene.
    Run(RunArgs),
    /// Write a scene in other formats.
    Export(ExportArgs),
    /// Print every figure of physical consistency of a scene.
    Check(CheckArgs),
    /// Measure a result against the truth.
    Eval(EvalArgs),
    /// Label many clips, each once, whatever dies on the way.
    Batch(BatchArgs),
    /// Do jobs from stdin, one JSON object a line; answer each with one line of JSON on stdout.
    Worker(WorkerArgs),
    /// Look at a run or review a batch in the browser.
    View(ViewArgs),
    /// Make synthetic scenes with truth.
    Synth(SynthArgs),
    /// List or verify the neural models.
    Models(ModelsArgs),
    /// Say what is installed, and whether a clip is good enough.
    Doctor(DoctorArgs),
}

/// What is left in the run folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    /// The final files only.
    Final,
    /// Every stage's folder too.
    All,
}

/// Which axis of the input points up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Up {
    /// The z axis.
    Z,
}

/// What is done to an input, by `run` and by `batch`.
#[derive(Debug, Args)]
pub struct SceneArgs {
    /// Folder with model files (may be given several times).
    #[arg(long, value_name = "DIR")]
    pub models: Vec<PathBuf>,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// A length that you know, as METRES:WHAT with WHAT one of camera (height of the lens above the
    /// floor), door (height of the doors), room (longest distance between walls).
    #[arg(long, value_name = "M:WHAT")]
    pub known_length: Option<String>,
    /// Height of the ceiling above the floor, metres.
    #[arg(long, value_name = "M")]
    pub ceiling_height: Option<f64>,
    /// The input's axis that points up already.
    #[arg(long, value_name = "AXIS")]
    pub up: Option<Up>,
    /// The input's unit is the metre already.
    #[arg(long)]
    pub metric: bool,
    /// Layout detector: network (the default), geometric, or spatiallm with --models (see the README
    /// for its licence).
    #[arg(long, value_name = "NAME")]
    pub layout: Option<String>,
    /// Set an option, e.g. --set depth.planes=96 (may be given several times).
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// TOML file with options.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Formats to write: `all`, or some of glb, mjcf, usda, habitat, layout.
    #[arg(long, value_name = "FORMATS", value_delimiter = ',')]
    pub export: Vec<String>,
    /// Also write overlay.mp4: the scene drawn over the frames it was seen in.
    #[arg(long)]
    pub overlay: bool,
}

/// `roomwright run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// A video, a folder of images, a transforms.json, a TUM RGB-D folder, a COLMAP text model or a
    /// point cloud .ply.
    pub input: PathBuf,
    /// Folder for the results; made when it is not there.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// What is done to it.
    #[command(flatten)]
    pub scene: SceneArgs,
    /// Load the stages before this one from the run folder (needs an earlier run with --keep all).
    #[arg(long, value_name = "STAGE")]
    pub from: Option<String>,
    /// Stop after this stage and keep the folders of the stages up to it.
    #[arg(long, value_name = "STAGE")]
    pub until: Option<String>,
    /// What to leave in the run folder.
    #[arg(long, value_enum, default_value_t = Keep::Final)]
    pub keep: Keep,
    /// Progress as JSON lines on stderr.
    #[arg(long)]
    pub json: bool,
}

/// Longest time for one item unless told otherwise, seconds: an hour is several times what a long clip takes on
/// one core.
const ITEM_SECONDS: f64 = 3600.0;
/// Memory of one worker unless told otherwise, MiB: ten times what a clip of 5 s at 320x240 takes (183 MiB).
const ITEM_MEMORY_MIB: u64 = 2048;
/// Attempts at an item that meets temporary faults, and the wait before the second one, seconds: with doubling
/// waits they outlast a store that is restarted.
const ATTEMPTS: u32 = 4;
const FIRST_WAIT_S: f64 = 2.0;

/// `roomwright batch`.
#[derive(Debug, Args)]
pub struct BatchArgs {
    /// Videos, folders with videos, patterns ('walks/**/*.mp4'), s3://bucket/prefix, LeRobot v3 datasets.
    #[arg(required_unless_present = "list")]
    pub input: Vec<String>,
    /// Folder for outputs and index; made when it is not there, gone on with when it is.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// List of clips: .txt, .csv, .jsonl or .parquet (may be given several times).
    #[arg(long, value_name = "FILE")]
    pub list: Vec<PathBuf>,
    /// Worker processes at most; cores and memory may allow fewer.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Threads of each worker; its share of the cores when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub threads: Option<u32>,
    /// Do only part I of N of the list, e.g. 0/3; all parts may share one output folder.
    #[arg(long, value_name = "I/N", default_value = "0/1")]
    pub shard: Shard,
    /// Do everything anew, also what is done.
    #[arg(long)]
    pub overwrite: bool,
    /// Put results that score below this (0..1) into rejected/.
    #[arg(long, value_name = "X")]
    pub min_score: Option<f64>,
    /// Longest time for one item, seconds.
    #[arg(long, value_name = "S", default_value_t = ITEM_SECONDS)]
    pub item_seconds: f64,
    /// Most memory of one worker, MiB.
    #[arg(long, value_name = "MIB", default_value_t = ITEM_MEMORY_MIB, value_parser = clap::value_parser!(u64).range(1..))]
    pub item_memory: u64,
    /// Attempts at an item that meets temporary faults.
    #[arg(long, value_name = "N", default_value_t = ATTEMPTS, value_parser = clap::value_parser!(u32).range(1..))]
    pub attempts: u32,
    /// Wait before the second attempt, seconds; later waits double.
    #[arg(long, value_name = "S", default_value_t = FIRST_WAIT_S)]
    pub wait: f64,
    /// What is done to each clip.
    #[command(flatten)]
    pub scene: SceneArgs,
    /// Progress as JSON lines on stderr, also on a terminal.
    #[arg(long)]
    pub json: bool,
}

/// `roomwright worker`.
#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// Threads; all cores when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub threads: Option<u32>,
    /// Memory that whoever gives the jobs watches over, MiB; the kernel refuses more at a margin above it.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..))]
    pub memory: Option<u64>,
    /// End with this process, which must be the one that started the worker.
    #[arg(long, value_name = "PID")]
    pub parent: Option<u32>,
}

/// `roomwright export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The scene.
    #[arg(value_name = "SCENE.json")]
    pub scene: PathBuf,
    /// Formats: some of glb, mjcf, usda, habitat, layout, or all.
    #[arg(long, value_delimiter = ',', required = true)]
    pub to: Vec<String>,
    /// Folder for the files.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
}

/// `roomwright check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The scene.
    #[arg(value_name = "SCENE.json")]
    pub scene: PathBuf,
    /// The draft it was made from (`60-layout/draft.json`): every figure before the repair too, and
    /// the evidence distance.
    #[arg(long, value_name = "DRAFT.json")]
    pub draft: Option<PathBuf>,
    /// The true layout (layout text or scene), for the F1 after the repair and, with a draft, before it.
    #[arg(long, value_name = "TRUTH")]
    pub truth: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvalKind {
    /// Layout F1 of two layout texts or scenes.
    Layout,
    /// Rooms, corners and angles.
    Plan,
    /// Absolute and relative trajectory error of two TUM files.
    Trajectory,
    /// Depth images of two folders.
    Depth,
    /// Two point clouds.
    Cloud,
    /// Everything about a scene.
    Scene,
}

/// `roomwright eval`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct EvalArgs {
    /// What is measured otherwise.
    #[command(subcommand)]
    pub what: Option<EvalWhat>,
    /// What is measured.
    #[arg(required = true)]
    pub kind: Option<EvalKind>,
    /// The result.
    #[arg(required = true)]
    pub pred: Option<PathBuf>,
    /// The truth.
    #[arg(required = true)]
    pub truth: Option<PathBuf>,
    /// Layout text of elements that count neither way.
    #[arg(long, value_name = "FILE")]
    pub ignore: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Write a page with pictures.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// What `eval` measures without files.
#[derive(Debug, Subcommand)]
pub enum EvalWhat {
    /// Layout detectors side by side on simulated scans of houses drawn from seeds; prints JSON.
    Detectors(EvalDetectorsArgs),
}

/// `roomwright eval detectors`.
#[derive(Debug, Args)]
pub struct EvalDetectorsArgs {
    /// Detectors.
    #[arg(value_name = "NAME", default_values = ["geometric", "network"])]
    pub detectors: Vec<String>,
    /// Number of houses.
    #[arg(long, default_value_t = 20)]
    pub houses: u64,
    /// First seed.
    #[arg(long, default_value_t = 800_000)]
    pub seed: u64,
    /// Scan without any error.
    #[arg(long)]
    pub perfect: bool,
    /// Furnish the houses with meshes of the Debian package sweethome3d-furniture.
    #[arg(long, value_enum)]
    pub mesh_split: Option<Meshes>,
    /// Measure on labelled scans instead: sub-folders with cloud.ply and layout.txt, or
    /// pcd/NAME.ply with layout/NAME.txt.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["houses", "seed", "perfect", "mesh_split"])]
    pub scans: Option<PathBuf>,
    /// Folders with model files.
    #[arg(long, value_name = "DIR")]
    pub models: Vec<PathBuf>,
    /// Draw the plans of all houses into this folder.
    #[arg(long, value_name = "DIR")]
    pub pictures: Option<PathBuf>,
    /// Write the clues behind the network's confidences, one line of JSON an element.
    #[arg(long, value_name = "FILE")]
    pub clues: Option<PathBuf>,
    /// Options of the detectors, as under `layout` of a run.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// `roomwright view`.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// Folder of a run or of a batch.
    pub dir: PathBuf,
    /// Port on 127.0.0.1; 0 takes any free one. When not given: 7676, or any free one.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
}

/// `roomwright synth`.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// What to make.
    #[command(subcommand)]
    pub what: SynthWhat,
}

/// What `synth` makes.
#[derive(Debug, Subcommand)]
pub enum SynthWhat {
    /// A furnished flat: scene.json, layout.txt.
    House(SynthCommon),
    /// A scanned cloud with the errors of real reconstructions, and its truth.
    Scan(SynthCommon),
    /// A rendered walkthrough with poses, depth and truth.
    Video(SynthVideoArgs),
    /// Shards of scanned tiles with truth, to train layout networks on.
    Dataset(SynthDatasetArgs),
}

/// Which furniture meshes `synth` may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Meshes {
    /// Four of five.
    Training,
    /// Every fifth, never used for training.
    Validation,
    /// All.
    All,
}

impl From<Meshes> for MeshSplit {
    fn from(meshes: Meshes) -> Self {
        match meshes {
            Meshes::Training => Self::Training,
            Meshes::Validation => Self::Validation,
            Meshes::All => Self::All,
        }
    }
}

/// Options that all kinds share.
#[derive(Debug, Args)]
pub struct SynthCommon {
    /// Folder for the results.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Seed.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Number of rooms; drawn when not given.
    #[arg(long)]
    pub rooms: Option<usize>,
    /// How many, with the seeds that follow; more than one go to folders of their own.
    #[arg(long, default_value_t = 1)]
    pub count: u64,
    /// Options as KEY=VALUE, may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Put furniture meshes of the Debian package sweethome3d-furniture in place of parametric
    /// shapes: those for training, those kept out of it, or all.
    #[arg(long, value_enum, value_name = "SPLIT")]
    pub mesh_split: Option<Meshes>,
    /// Folder with furniture libraries (.sh3f); implies --mesh-split all when that is not given.
    #[arg(long, value_name = "DIR")]
    pub meshes: Option<PathBuf>,
}

/// `roomwright synth video`.
#[derive(Debug, Args)]
pub struct SynthVideoArgs {
    /// Options that all kinds share.
    #[command(flatten)]
    pub common: SynthCommon,
    /// Length of the clip at most, seconds; 0 walks through the whole house.
    #[arg(long, default_value_t = 16.0)]
    pub seconds: f64,
    /// Frames per second.
    #[arg(long, default_value_t = 24.0)]
    pub fps: f64,
    /// Also write colour and depth images of every n-th frame; 0 writes none.
    #[arg(long, default_value_t = 5)]
    pub images_every: usize,
}

/// `roomwright synth dataset`.
#[derive(Debug, Args)]
pub struct SynthDatasetArgs {
    /// Folder for the shards.
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Seed of the first house; the next houses count on from it.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Number of tiles.
    #[arg(long, default_value_t = 1024)]
    pub tiles: usize,
    /// Cut the tiles from labelled scans instead of drawn houses: sub-folders with cloud.ply and
    /// layout.txt, or pcd/NAME.ply with layout/NAME.txt.
    #[arg(long, value_name = "DIR")]
    pub scans: Option<PathBuf>,
    /// Folders with model files (a segmentation network for the scans, named by `--set semantics.model=ID`).
    #[arg(long, value_name = "DIR", requires = "scans")]
    pub models: Vec<PathBuf>,
    /// Table `class,target` from the classes of the scans to those of the layout language.
    #[arg(long, value_name = "FILE", requires = "scans")]
    pub classes: Option<PathBuf>,
    /// Options as KEY=VALUE (the names of `dataset.json`), may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// `roomwright models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: ModelsWhat,
}

/// What `models` does.
#[derive(Debug, Subcommand)]
pub enum ModelsWhat {
    /// List the models of the manifest and which are there.
    List {
        /// Folder with model files.
        #[arg(long, value_name = "DIR")]
        models: Vec<PathBuf>,
    },
    /// Check the digests of all model files of a folder.
    Verify {
        /// Folder with model files.
        dir: PathBuf,
    },
}

/// `roomwright doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// A clip to look at before any heavy work.
    pub video: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
