//! The model manifest `models/manifest.toml`: what each network is, as data.
//!
//! Takes TOML; gives entries in the file's order. A multi-view depth network is described fully
//! enough (views, size, value range, projection convention, outputs) that adding one needs no code.

use super::{
    ElevationMaps, Error, LayoutDecoder, LayoutMaps, PointEncoder, SemanticScores, elevation_maps,
    layout_maps, semantic_scores,
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The manifest that is built into the program.
pub const BUILT_IN: &str = include_str!("../../models/manifest.toml");

/// All known models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The models.
    #[serde(rename = "model")]
    pub models: Vec<ModelEntry>,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Unique name.
    pub id: String,
    /// What it computes, e.g. `multi-view-depth`.
    pub task: String,
    /// File name, without folder.
    pub file: String,
    /// Digest of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// Size of the file.
    pub size_bytes: u64,
    /// SPDX licence of the weights.
    pub licence: String,
    /// Where the weights come from.
    pub origin: String,
    /// What feeds it and what to know, for people.
    #[serde(default)]
    pub note: String,
    /// Input tensors, in order.
    pub inputs: Vec<TensorEntry>,
    /// Output tensors, in order.
    pub outputs: Vec<TensorEntry>,
    /// Files that belong to it and lie in the same folder: weights outside of the graph, a tokenizer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<BesideFile>,
    /// Geometry of a multi-view depth network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_view_depth: Option<MultiViewDepth>,
    /// Reading of a layout network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout_maps: Option<LayoutMaps>,
    /// Reading of an elevation network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elevation_maps: Option<ElevationMaps>,
    /// Reading of a segmentation network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic_scores: Option<SemanticScores>,
    /// Figures of a point encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_encoder: Option<PointEncoder>,
    /// Figures of a layout decoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout_decoder: Option<LayoutDecoder>,
}

/// A file that belongs to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BesideFile {
    /// File name, without folder.
    pub file: String,
    /// Digest of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// Size of the file.
    pub size_bytes: u64,
}

/// Name and shape of a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorEntry {
    /// Name in the file.
    pub name: String,
    /// Extent by dimension; 0 where it is free.
    pub shape: Vec<usize>,
    /// `f32`, `u8` or `i64`.
    #[serde(default = "f32_type", rename = "type")]
    pub value_type: String,
}

fn f32_type() -> String {
    "f32".to_owned()
}

/// How the views lie in the image tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `[1, views, 3, height, width]`, the reference first.
    BatchViewChannelRowColumn,
}

/// What a multi-view depth network needs.
///
/// All geometry is in the units of the poses, so depth comes out in those units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiViewDepth {
    /// Views including the reference.
    pub views: usize,
    /// Image width, pixels.
    pub width: u32,
    /// Image height, pixels.
    pub height: u32,
    /// Name of the image tensor.
    pub images: String,
    /// Order of its dimensions.
    pub layout: Layout,
    /// Subtracted from each channel of RGB in 0..1.
    #[serde(default)]
    pub mean: [f32; 3],
    /// Each channel is divided by this after.
    #[serde(default = "ones")]
    pub deviation: [f32; 3],
    /// Projection tensors `[1, views - 1, 4, 4]`.
    pub projections: Vec<ProjectionInput>,
    /// Name of the `[1]` tensor with the nearest depth.
    pub depth_min: String,
    /// Name of the `[1]` tensor with the farthest depth.
    pub depth_max: String,
    /// Name of the output depth, `height * width` values.
    pub depth: String,
    /// Name of the output confidence 0..1, as many values.
    pub confidence: String,
    /// Confidence below which a depth is no estimate.
    pub min_confidence: f32,
}

fn ones() -> [f32; 3] {
    [1.0; 3]
}

/// A tensor of `K_src T_src T_ref⁻¹ K_ref⁻¹` (4x4, pixels and depth of the reference to the source),
/// the first two rows of `K` multiplied by `scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionInput {
    /// Tensor name.
    pub input: String,
    /// Scale of the intrinsics relative to the input image.
    pub scale: f64,
}

impl Manifest {
    /// The manifest that is built into the program.
    ///
    /// # Errors
    /// When the built-in text is wrong, which a test excludes.
    pub fn built_in() -> Result<Self, Error> {
        Self::parse(BUILT_IN, Path::new("models/manifest.toml"))
    }

    /// Reads a manifest; `path` is for messages.
    ///
    /// # Errors
    /// When the text is no manifest, an id comes twice or a digest is malformed.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let fail = |cause: String| Error::Manifest { cause, path: path.to_owned() };
        let manifest: Self = toml::from_str(text).map_err(|cause| fail(cause.to_string()))?;
        for (i, model) in manifest.models.iter().enumerate() {
            if manifest.models[..i].iter().any(|other| other.id == model.id) {
                return Err(fail(format!("the id `{}` comes twice", model.id)));
            }
            let beside = model.beside.iter().map(|other| (&other.file, &other.sha256));
            for (file, sha256) in std::iter::once((&model.file, &model.sha256)).chain(beside) {
                check_file(file, sha256).map_err(|cause| fail(format!("{cause} of `{}`", model.id)))?;
            }
            let checks = [
                model.multi_view_depth.as_ref().map(|depth| check_depth(model, depth)),
                model.point_encoder.as_ref().map(PointEncoder::check),
                model.layout_decoder.as_ref().map(LayoutDecoder::check),
                model.layout_maps.as_ref().map(|maps| layout_maps::check(model, maps)),
                model.elevation_maps.as_ref().map(|maps| elevation_maps::check(model, maps)),
                model.semantic_scores.as_ref().map(|scores| semantic_scores::check(model, scores)),
            ];
            for check in checks.into_iter().flatten() {
                check.map_err(|cause| fail(format!("`{}`: {cause}", model.id)))?;
            }
        }
        Ok(manifest)
    }

    /// The entry with this id.
    ///
    /// # Errors
    /// When there is none; the message lists the known ones.
    pub fn entry(&self, id: &str) -> Result<&ModelEntry, Error> {
        self.models.iter().find(|model| model.id == id).ok_or_else(|| Error::UnknownModel {
            id: id.to_owned(),
            known: self.models.iter().map(|model| model.id.clone()).collect(),
        })
    }
}

/// The name is bare and the digest looks like one.
fn check_file(file: &str, sha256: &str) -> Result<(), String> {
    let hex = sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if sha256.len() != 64 || !hex {
        return Err("the sha256 is not 64 lower-case hexadecimal digits in an entry".to_owned());
    }
    if file.is_empty() || file.contains(['/', '\\']) {
        return Err(format!("`{file}` is not a bare name for a file"));
    }
    Ok(())
}

/// Every named tensor exists, and the sizes make sense.
fn check_depth(model: &ModelEntry, depth: &MultiViewDepth) -> Result<(), String> {
    let input = |name: &str| model.inputs.iter().any(|tensor| tensor.name == name);
    let output = |name: &str| model.outputs.iter().any(|tensor| tensor.name == name);
    let mut inputs = vec![&depth.images, &depth.depth_min, &depth.depth_max];
    inputs.extend(depth.projections.iter().map(|projection| &projection.input));
    if let Some(name) = inputs.into_iter().find(|name| !input(name)) {
        return Err(format!("no input `{name}`"));
    }
    if let Some(name) = [&depth.depth, &depth.confidence].into_iter().find(|name| !output(name)) {
        return Err(format!("no output `{name}`"));
    }
    if depth.views < 2 || depth.width == 0 || depth.height == 0 {
        return Err(format!("{} views of {}x{} pixels", depth.views, depth.width, depth.height));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_manifest_is_sound() {
        let manifest = Manifest::built_in().expect("the built-in manifest parses");
        let depth = manifest.models.iter().filter(|model| model.task == "multi-view-depth");
        assert!(depth.clone().count() >= 2);
        assert!(depth.into_iter().all(|model| model.multi_view_depth.is_some()));
        let mut layout = manifest.models.iter().filter(|model| model.task == "layout");
        assert!(layout.all(|model| model.layout_maps.is_some()));
    }

    #[test]
    fn an_unknown_model_is_named_with_the_known_ones() {
        let error = Manifest::built_in().expect("parses").entry("nonesuch").expect_err("no such model");
        assert!(error.to_string().contains("nonesuch") && error.to_string().contains("itermvs"), "{error}");
    }

    #[test]
    fn a_doubled_id_and_a_short_digest_are_refused() {
        let entry = |id: &str, sha: &str| {
            format!(
                "[[model]]\nid='{id}'\ntask='t'\nfile='f'\nsha256='{sha}'\nsize_bytes=1\nlicence='MIT'\norigin='o'\ninputs=[]\noutputs=[]\n"
            )
        };
        let good = "0".repeat(64);
        let parse = |text: &str| Manifest::parse(text, Path::new("m.toml"));
        assert!(parse(&entry("a", &good)).is_ok());
        let twice = parse(&(entry("a", &good) + &entry("a", &good))).expect_err("twice");
        assert!(twice.to_string().contains("comes twice"), "{twice}");
        assert!(parse(&entry("a", "abc")).expect_err("short").to_string().contains("64"));
    }
}
