//! The straight line from an input to a scene. The only place that knows the order of the stages.

use crate::align::{Alignment, Hints, Judgement, ScaleJudge};
use crate::artifact::{self, Halt, Plan, Stage, StageChain, StageTiming};
use crate::cloud::{Cloud, FreeSpace, SceneFrame, World};
use crate::depth::{DepthEstimator, DepthMaps};
use crate::layout::{DetectorInput, Draft, LayoutDetector};
use crate::math::{Point3, Sim3, Vec3};
use crate::nn::Registry;
use crate::pose::Trajectory;
use crate::report::Reporter;
use crate::scene::{Provenance, Scene};
use crate::semantics::{self, ScoreMaps, Segmenter, Semantics};
use crate::video::{FrameSet, InputKind};
use crate::{align, cloud, depth, export, layout, nn, physics, pose, video, viewer};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::path::PathBuf;

pub use crate::artifact::Aligned;

/// Options of all stages, with the dotted keys of `--set` and of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Stage 1.
    pub video: video::Options,
    /// Stage 2.
    pub pose: pose::Options,
    /// Stage 3.
    pub depth: depth::Options,
    /// Stage 4.
    pub cloud: cloud::Options,
    /// Stage 5.
    pub align: align::Options,
    /// Stage 6.
    pub layout: layout::Options,
    /// Stage 7.
    pub physics: physics::Options,
}

/// What is asked of one run.
#[derive(Debug, Clone)]
pub struct Request {
    /// The input.
    pub input: PathBuf,
    /// The run folder (stage folders go here).
    pub output: PathBuf,
    /// Folders with model files.
    pub models: Vec<PathBuf>,
    /// What the user knows.
    pub hints: Hints,
    /// Which stages run and what is kept.
    pub plan: Plan,
    /// Options.
    pub options: Options,
}

/// Why a run failed: the stage's own error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Stage 1.
    #[error(transparent)]
    Video(#[from] video::Error),
    /// Stage 2.
    #[error(transparent)]
    Pose(#[from] pose::Error),
    /// Stage 3.
    #[error(transparent)]
    Depth(#[from] depth::Error),
    /// Stage 4.
    #[error(transparent)]
    Cloud(#[from] cloud::Error),
    /// A point cloud file.
    #[error(transparent)]
    Ply(#[from] cloud::ply::Error),
    /// Stage 5.
    #[error(transparent)]
    Align(#[from] align::Error),
    /// Stage 6.
    #[error(transparent)]
    Layout(#[from] layout::Error),
    /// Stage 7.
    #[error(transparent)]
    Physics(#[from] physics::Error),
    /// Stage 8.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// A model.
    #[error(transparent)]
    Model(#[from] nn::Error),
    /// The run folder.
    #[error(transparent)]
    Artifact(#[from] artifact::Error),
    /// The page of the run.
    #[error(transparent)]
    Page(#[from] viewer::Error),
    /// The request contradicts itself.
    #[error("{0}")]
    Unsupported(String),
}

/// What the cameras saw, before the scene frame is known.
pub struct Capture {
    /// The frames.
    pub frames: FrameSet,
    /// The camera path.
    pub trajectory: Trajectory,
    /// Dense depth.
    pub depths: DepthMaps,
    /// Models that took part: id and SHA-256.
    pub models: Vec<(String, String)>,
}

/// The results of a run.
pub struct Outcome {
    /// SHA-256 of the input.
    pub input_digest: String,
    /// What was subtracted from a cloud's coordinates (surveying coordinates are large).
    pub input_offset: Vec3,
    /// What the cameras saw; absent for a cloud.
    pub capture: Option<Capture>,
    /// The aligned cloud.
    pub aligned: Aligned,
    /// What was detected.
    pub draft: Draft,
    /// The consistent scene.
    pub scene: Scene,
    /// Models used: id and SHA-256.
    pub models: Vec<(String, String)>,
    /// Seconds and memory by stage.
    pub timings: Vec<StageTiming>,
}

impl Outcome {
    /// Positions of the camera in the scene frame, in time order; empty for a cloud.
    #[must_use]
    pub fn camera_path(&self) -> Vec<Point3> {
        camera_path(self.capture.as_ref(), &self.aligned.alignment.scene_from_world)
    }

    /// Takes the input's own frame into the scene frame: that of the cloud or of the given poses, or
    /// for plain video the frame of the first keyframe's camera.
    #[must_use]
    pub fn scene_from_input(&self) -> Sim3 {
        let scene_from_world = self.aligned.alignment.scene_from_world;
        match &self.capture {
            Some(capture) if capture.frames.given.is_none() => capture
                .trajectory
                .keyframes()
                .next()
                .map_or(scene_from_world, |first| scene_from_world * first.world_from_camera),
            _ => scene_from_world * nalgebra::Translation3::from(-self.input_offset),
        }
    }
}

/// What is loaded once and serves all requests with the same options: the models' networks.
pub struct Loaded {
    registry: Registry,
    detector: Box<dyn LayoutDetector>,
    /// Looks at the pictures for the detector, when the options name one.
    segmenter: Option<Segmenter>,
    /// The estimators for inputs without and with depth of their own, made when first needed.
    depth: [Option<Box<dyn DepthEstimator>>; 2],
    models: Vec<(String, String)>,
    folders: Vec<PathBuf>,
    options: (depth::Options, layout::Options),
}

impl Loaded {
    /// Finds and checks the models that the options name in these folders. Their networks are loaded when a
    /// request first needs them.
    ///
    /// # Errors
    /// When a model is missing, altered or unfit.
    pub fn open(options: &Options, folders: &[PathBuf]) -> Result<Self, Error> {
        let registry = Registry::open(folders)?;
        let detector = layout::detector(&options.layout, &registry)?;
        let mut models = Vec::new();
        if options.depth.method == depth::Method::Network {
            let entry = registry.find(&options.depth.model)?.entry;
            models.push((entry.id, entry.sha256));
        }
        models.extend(detector.models());
        let segmenter = Segmenter::open(&options.layout.semantics, &registry)?;
        models.extend(segmenter.as_ref().map(Segmenter::model));
        let options = (options.depth.clone(), options.layout.clone());
        Ok(Self {
            registry,
            detector,
            segmenter,
            depth: [None, None],
            models,
            folders: folders.to_vec(),
            options,
        })
    }

    /// Models that requests may use, id and SHA-256; an input that brings its depth needs fewer.
    #[must_use]
    pub fn models(&self) -> &[(String, String)] {
        &self.models
    }

    /// The same options of the stages with models, and the same folders.
    #[must_use]
    pub fn serves(&self, options: &Options, folders: &[PathBuf]) -> bool {
        (&self.options.0, &self.options.1) == (&options.depth, &options.layout) && self.folders == folders
    }

    fn depth_estimator(&mut self, has_depth: bool) -> Result<&dyn DepthEstimator, Error> {
        let made = &mut self.depth[usize::from(has_depth)];
        if made.is_none() {
            *made = Some(depth::estimator(&self.options.0, has_depth, &self.registry)?);
        }
        Ok(made.as_deref().expect("because it was made just now"))
    }
}

/// Runs all stages; `None` when the request stops before the scene (`--until`).
///
/// # Errors
/// The failing stage's own error.
pub fn run(request: &Request, reporter: &Reporter) -> Result<Option<Outcome>, Error> {
    // The input first: who mistypes it should not hear of models.
    InputKind::of(&request.input)?;
    run_with(request, &mut Loaded::open(&request.options, &request.models)?, reporter)
}

/// As [`run`], with what an earlier request has loaded; `loaded` must serve this one.
///
/// # Errors
/// The failing stage's own error.
pub fn run_with(
    request: &Request,
    loaded: &mut Loaded,
    reporter: &Reporter,
) -> Result<Option<Outcome>, Error> {
    match run_stages(request, loaded, reporter) {
        Ok(outcome) => Ok(Some(outcome)),
        Err(Halt::Stopped) => Ok(None),
        Err(Halt::Failed(error)) => Err(error),
    }
}

fn run_stages(request: &Request, loaded: &mut Loaded, reporter: &Reporter) -> Result<Outcome, Halt<Error>> {
    let options = &request.options;
    let kind = InputKind::of(&request.input).map_err(Error::from)?;
    let input_digest = artifact::digest(&request.input).map_err(Error::from)?;
    let mut chain = StageChain::new(&request.output, request.plan, &input_digest, reporter);

    let (capture, world_cloud, input_offset) = match kind {
        InputKind::Cloud => {
            let (cloud, offset) = read_cloud(request, reporter)?;
            (None, cloud, offset)
        }
        _ => {
            let (capture, cloud) = capture(request, loaded, &mut chain, reporter)?;
            (Some(capture), cloud, Vec3::zeros())
        }
    };

    let detector = loaded.detector.as_ref();
    let views = Views::new(request, capture.as_ref(), loaded.segmenter.as_ref());
    let mut helpers = detector.models();
    helpers.extend(views.segmenter.map(Segmenter::model));
    let key = (&options.align, &request.hints, &helpers, &options.layout.semantics);
    let aligned = chain.stage(Stage::Align, &key, || {
        let edges = capture.as_ref().map_or_else(Vec::new, |capture| depth::edge_planes(&capture.depths));
        let paths = capture.as_ref().map(|c| align::Views { trajectory: &c.trajectory, edges: &edges });
        let (hints, options) = (&request.hints, &options.align);
        let judge = Judge { detector, views: &views };
        let (alignment, cloud) = align::align(&world_cloud, paths, hints, Some(&judge), options, reporter)?;
        Ok::<_, Error>(Aligned { alignment, cloud })
    })?;

    let draft = chain.stage(Stage::Layout, &(&options.layout, &helpers), || {
        detect(detector, &views, &aligned, reporter)
    })?;

    let scene = chain.stage(Stage::Scene, &options.physics, || {
        let provenance = provenance(request, &aligned.alignment, &draft);
        Ok::<_, Error>(physics::make_consistent(&draft, &options.physics, provenance, reporter)?)
    })?;

    let timings = std::mem::take(&mut chain.timings);
    let mut models = capture.as_ref().map_or_else(Vec::new, |capture| capture.models.clone());
    models.extend(helpers);
    drop(views);
    Ok(Outcome { input_digest, input_offset, capture, aligned, draft, scene, models, timings })
}

/// Stages 1 to 4: from an input with frames to a fused cloud.
fn capture(
    request: &Request,
    loaded: &mut Loaded,
    chain: &mut StageChain<'_>,
    reporter: &Reporter,
) -> Result<(Capture, Cloud<World>), Halt<Error>> {
    let options = &request.options;
    let frames = chain.stage(Stage::Frames, &options.video, || {
        Ok::<_, Error>(video::open(&request.input, &options.video, reporter)?)
    })?;
    // Both are made before any heavy work: a missing model ends the run at once.
    let pose_estimator = pose::estimator(&options.pose);
    let has_depth = frames.given.iter().flatten().any(|frame| frame.depth_path.is_some());
    let depth_estimator = loaded.depth_estimator(has_depth)?;

    let trajectory = chain
        .stage(Stage::Pose, &options.pose, || Ok::<_, Error>(pose_estimator.estimate(&frames, reporter)?))?;
    let depths = chain.stage(Stage::Depth, &(&options.depth, depth_estimator.models()), || {
        Ok::<_, Error>(depth_estimator.estimate(&frames, &trajectory, reporter)?)
    })?;
    let cloud = chain.stage(Stage::Cloud, &options.cloud, || {
        Ok::<_, Error>(cloud::fuse(&trajectory, &depths, &options.cloud, reporter)?)
    })?;
    let models = depth_estimator.models();
    Ok((Capture { frames, trajectory, depths, models }, cloud))
}

/// A cloud input enters at the align stage, which also estimates missing normals, once it knows up.
/// Beside it what was subtracted from the file's coordinates.
fn read_cloud(request: &Request, reporter: &Reporter) -> Result<(Cloud<World>, Vec3), Error> {
    reporter.stage_started(Stage::Cloud.name());
    let contents = cloud::ply::read(&request.input, reporter)?;
    Ok((contents.cloud, contents.offset))
}

/// What the views of a capture say beside the cloud.
struct Views<'a> {
    request: &'a Request,
    capture: Option<&'a Capture>,
    segmenter: Option<&'a Segmenter>,
    /// Made when first needed.
    scores: OnceCell<ScoreMaps>,
}

impl<'a> Views<'a> {
    fn new(request: &'a Request, capture: Option<&'a Capture>, segmenter: Option<&'a Segmenter>) -> Self {
        Self { request, capture, segmenter, scores: OnceCell::new() }
    }

    /// Space that the views saw to be empty.
    fn free_space(&self, scene_from_world: &Sim3, reporter: &Reporter) -> Option<FreeSpace> {
        let depths = &self.capture?.depths;
        cloud::free_space(depths, scene_from_world, &self.request.options.cloud, reporter)
    }

    /// What the segmentation network says of the surfaces, when one was asked for and there are pictures.
    fn semantics(
        &self,
        scene_from_world: &Sim3,
        reporter: &Reporter,
    ) -> Result<Option<Semantics>, nn::Error> {
        let Some(segmenter) = self.segmenter else { return Ok(None) };
        let Some(capture) = self.capture else {
            reporter.warn(
                "no-pictures",
                format!(
                    "the segmentation network `{}` has nothing to look at: a cloud has no pictures; give the video, or \
                     leave out `layout.semantics.model`",
                    segmenter.model().0
                ),
            );
            return Ok(None);
        };
        if self.scores.get().is_none() {
            // Nothing else fills the cell meanwhile.
            let _ = self.scores.set(segmenter.segment(&capture.depths, reporter)?);
        }
        Ok(self.scores.get().map(|scores| semantics::lay(&capture.depths, scores, scene_from_world)))
    }
}

/// The layout detector as judge of the scale.
struct Judge<'a> {
    detector: &'a dyn LayoutDetector,
    views: &'a Views<'a>,
}

impl ScaleJudge for Judge<'_> {
    fn judge(&self, cloud: &Cloud<SceneFrame>, scene_from_world: &Sim3) -> Judgement {
        // Its warnings and errors belong to the detection that follows; here they would come twice.
        let quiet = Reporter::default();
        let free_space = self.views.free_space(scene_from_world, &quiet);
        let semantics = self.views.semantics(scene_from_world, &quiet).ok().flatten();
        let camera_path = camera_path(self.views.capture, scene_from_world);
        let input = DetectorInput {
            cloud,
            free_space: free_space.as_ref(),
            semantics: semantics.as_ref(),
            camera_path: &camera_path,
            ceiling_height_m: None,
        };
        self.detector.judge_scale(&input, &quiet).unwrap_or_default()
    }
}

/// Stage 6, with what the views of the capture show.
fn detect(
    detector: &dyn LayoutDetector,
    views: &Views<'_>,
    aligned: &Aligned,
    reporter: &Reporter,
) -> Result<Draft, Error> {
    let scene_from_world = &aligned.alignment.scene_from_world;
    let free_space = views.free_space(scene_from_world, reporter);
    let semantics = views.semantics(scene_from_world, reporter)?;
    if semantics.is_some() && !detector.reads_semantics() {
        reporter.warn(
            "semantics-unused",
            format!("the detector `{}` makes no use of the segmentation network", detector.name()),
        );
    }
    let camera_path = camera_path(views.capture, scene_from_world);
    let input = DetectorInput {
        cloud: &aligned.cloud,
        free_space: free_space.as_ref(),
        semantics: semantics.as_ref(),
        camera_path: &camera_path,
        ceiling_height_m: aligned.alignment.ceiling_height_m,
    };
    let mut draft = detector.detect(&input, reporter)?;
    draft.camera_path = camera_path.iter().map(|position| [position.x, position.y]).collect();
    Ok(draft)
}

fn camera_path(capture: Option<&Capture>, scene_from_world: &Sim3) -> Vec<Point3> {
    let poses = capture.map_or(&[][..], |capture| &capture.trajectory.poses);
    let position = |pose: &pose::FramePose| Point3::from(pose.world_from_camera.translation.vector);
    poses.iter().map(|pose| scene_from_world * position(pose)).collect()
}

fn provenance(request: &Request, alignment: &Alignment, draft: &Draft) -> Provenance {
    Provenance {
        generator: concat!("roomwright ", env!("CARGO_PKG_VERSION")).to_owned(),
        input: request.input.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        detector: draft.detector.clone(),
        scale_log_sigma: alignment.scale_log_sigma,
        gravity_sigma_rad: alignment.gravity_sigma_rad,
    }
}
