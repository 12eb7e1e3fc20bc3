//! The segmentation network on the pictures of the depth maps. `&DepthMaps -> ScoreMaps`.

use super::{GROUPS, Options, Scores};
use crate::depth::{DepthMap, DepthMaps};
use crate::nn::{Data, Error, Registry, SemanticScores, Session, SessionOptions, Tensor};
use crate::report::Reporter;
use image::imageops::{FilterType, resize};
use std::sync::{Mutex, PoisonError};

/// A loaded segmentation network.
#[derive(Debug)]
pub struct Segmenter {
    spec: SemanticScores,
    /// The group of each class; `None` for what is no furniture.
    group_of: Vec<Option<usize>>,
    max_views: usize,
    session: Mutex<Session>,
}

/// Scores of one picture, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreMap {
    /// Index of the depth map whose picture it is.
    pub map_idx: usize,
    /// Width.
    pub width: usize,
    /// Height.
    pub height: usize,
    /// Scores of every cell.
    pub scores: Vec<Scores>,
}

/// Scores of the pictures that were looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreMaps {
    /// In the order of the depth maps.
    pub maps: Vec<ScoreMap>,
}

impl Segmenter {
    /// Loads the network that the options name; `None` when they name none.
    ///
    /// # Errors
    /// When it is missing, altered, not loadable or no segmentation network.
    pub fn open(options: &Options, registry: &Registry) -> Result<Option<Self>, Error> {
        if options.model.is_empty() {
            return Ok(None);
        }
        let id = &options.model;
        let unfit = |cause: String| Error::Unfit { id: id.clone(), cause };
        let spec = registry.manifest().entry(id)?.semantic_scores.clone();
        let spec = spec.ok_or_else(|| unfit("its entry has no table `semantic_scores`".to_owned()))?;
        let group = |name: &String| match GROUPS.iter().position(|group| group == name) {
            Some(group) => Ok(Some(group)),
            None if name.is_empty() => Ok(None),
            None => Err(unfit(format!("there is no group `{name}`, only {}", GROUPS.join(", ")))),
        };
        let group_of = spec.groups.iter().map(group).collect::<Result<_, _>>()?;
        let running = SessionOptions { threads: options.threads, ..SessionOptions::default() };
        let session = Mutex::new(Session::open(registry.find(id)?, &running)?);
        Ok(Some(Self { spec, group_of, max_views: options.max_views.max(1), session }))
    }

    /// Id and SHA-256 of the network.
    #[must_use]
    pub fn model(&self) -> (String, String) {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = &session.model().entry;
        (entry.id.clone(), entry.sha256.clone())
    }

    /// Looks at the pictures of the maps, at most as many as the options allow.
    ///
    /// # Errors
    /// When the network does not run or does not give what the manifest says.
    pub fn segment(&self, depths: &DepthMaps, reporter: &Reporter) -> Result<ScoreMaps, Error> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let stride = depths.maps.len().div_ceil(self.max_views).max(1);
        let chosen = depths.maps.iter().enumerate().step_by(stride);
        let maps =
            chosen.map(|(index, map)| self.look(&mut session, index, map)).collect::<Result<Vec<_>, _>>()?;
        reporter.diagnostic("pictures_segmented", maps.len());
        Ok(ScoreMaps { maps })
    }

    fn look(&self, session: &mut Session, map_idx: usize, map: &DepthMap) -> Result<ScoreMap, Error> {
        let size = self.spec.size;
        let picture = resize(&map.color, size, size, FilterType::Triangle);
        let shape = [1, size as usize, size as usize, 3];
        let input = Tensor::new(&shape, Data::U8(picture.into_raw()))
            .expect("because a picture has as many bytes as its shape");
        let outputs = session.run(&[(&self.spec.image, &input)])?;
        let unfit = |cause: String| Error::Tensor {
            id: session.model().entry.id.clone(),
            name: self.spec.logits.clone(),
            cause,
        };
        let tensor = outputs.iter().find(|output| output.0 == self.spec.logits).map(|output| &output.1);
        let tensor = tensor.ok_or_else(|| unfit("the network does not give it".to_owned()))?;
        let classes = self.group_of.len();
        let &[1, given, height, width] = tensor.shape.as_slice() else {
            return Err(unfit(format!("the shape is {:?}, not [1, {classes}, rows, columns]", tensor.shape)));
        };
        let Some(logits) = tensor.as_f32().filter(|_| given == classes) else {
            return Err(unfit(format!("it has {given} classes, the manifest {classes}")));
        };
        let cell = |k: usize| self.scores((0..classes).map(|class| logits[class * width * height + k]));
        Ok(ScoreMap { map_idx, width, height, scores: (0..width * height).map(cell).collect() })
    }

    /// Softmax over the classes, summed by group.
    fn scores(&self, logits: impl Iterator<Item = f32> + Clone) -> Scores {
        let top = logits.clone().fold(f32::NEG_INFINITY, f32::max);
        let (mut sums, mut all) = ([0.0f32; GROUPS.len()], 0.0f32);
        for (logit, group) in logits.zip(&self.group_of) {
            let weight = (logit - top).exp();
            all += weight;
            if let Some(group) = group {
                sums[*group] += weight;
            }
        }
        // A network that gives no numbers knows nothing.
        sums.map(|sum| if all > 0.0 { (255.0 * sum / all).round() as u8 } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_nothing_is_loaded_and_a_network_of_another_kind_is_refused() {
        let registry = Registry::open(&[]).unwrap();
        assert!(Segmenter::open(&Options::default(), &registry).unwrap().is_none());
        let options = Options { model: "roomwright_layout".to_owned(), ..Options::default() };
        let message = Segmenter::open(&options, &registry).unwrap_err().to_string();
        assert!(message.contains("roomwright_layout") && message.contains("semantic_scores"), "{message}");
    }

    #[test]
    fn every_group_of_the_manifest_is_known() {
        let manifest = crate::nn::Manifest::built_in().unwrap();
        let specs: Vec<_> =
            manifest.models.iter().filter_map(|model| model.semantic_scores.as_ref()).collect();
        assert!(!specs.is_empty());
        for name in specs.iter().flat_map(|spec| &spec.groups).filter(|name| !name.is_empty()) {
            assert!(GROUPS.contains(&name.as_str()), "{name}");
        }
    }

    #[cfg(feature = "onnx")]
    #[test]
    fn a_photographed_table_is_a_table() {
        use crate::camera::Camera;
        use crate::math::Pose;
        use std::path::Path;

        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let folder = shared.join("models/segmentation");
        let photograph = shared.join("data/redkitchen/rgb/00000.jpg");
        if !folder.is_dir() || !photograph.is_file() {
            println!("skipped: no segmentation network or photograph beside the repository");
            return;
        }
        let color = image::open(photograph).unwrap().to_rgb8();
        let (width, height) = color.dimensions();
        let pixels = width as usize * height as usize;
        let map = DepthMap {
            frame_idx: 0,
            camera: Camera::centred(width, height, 500.0),
            world_from_camera: Pose::identity(),
            depth: vec![1.0; pixels],
            confidence: vec![255; pixels],
            color,
        };
        let depths = DepthMaps { maps: vec![map], source: "test".to_owned() };
        let registry = Registry::open(&[folder]).unwrap();
        let options = Options { model: "mosaic_r4_ade20k32_logits".to_owned(), ..Options::default() };
        let network = Segmenter::open(&options, &registry).unwrap().unwrap();
        let maps = network.segment(&depths, &Reporter::default()).unwrap();
        assert_eq!(maps, network.segment(&depths, &Reporter::default()).unwrap());
        let map = &maps.maps[0];
        let table = GROUPS.iter().position(|group| *group == "table").unwrap();
        let share = map.scores.iter().filter(|s| s[table] > 128).count() as f64 / map.scores.len() as f64;
        assert!((0.1..0.6).contains(&share), "{share}");
        assert!(
            map.scores.iter().all(|s| s.iter().map(|&v| u32::from(v)).sum::<u32>() <= 262),
            "sums to one"
        );
    }
}
