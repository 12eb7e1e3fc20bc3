//! Depth error against true depth images.
//!
//! Takes pairs of depth maps (row-major, metres, 0 = nothing), gives AbsRel = mean |d − g| / g, RMSE,
//! δ1 = share with max(d/g, g/d) < 1.25, and coverage = share of truth pixels with a prediction, over
//! truth in (0, 10) m. Each is the mean over images, under four alignments that are named with the
//! figure: none; one median scale for the clip; a median scale per image; scale and shift per image
//! (least squares on depth). Definitions as in Eigen et al. 2014; depth is along the optical axis.
//!
//! From files: folders of 16-bit PNG of the same names, millimetres unless said otherwise. A
//! prediction of another size is read at the nearest pixel.

use super::error::{Error, Result};
use super::table::{Table, number, percent};
use crate::math::median;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Truth beyond this is not asked for, metres (the metrics' definition).
const MAX_TRUTH_M: f64 = 10.0;
/// Ratio within which a depth counts for δ1.
const DELTA1_RATIO: f64 = 1.25;
/// Metres per unit of a 16-bit depth image.
const MILLIMETRE_M: f64 = 1e-3;

/// Options of the comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Metres per unit of the predicted images (any number will do if only scaled figures matter).
    pub prediction_unit_m: f64,
    /// Metres per unit of the true images.
    pub truth_unit_m: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { prediction_unit_m: MILLIMETRE_M, truth_unit_m: MILLIMETRE_M }
    }
}

/// How the prediction was brought to the truth before comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthAlignment {
    /// Not at all: metric depth.
    None,
    /// One scale for the clip: the median over images of the images' median of g/d.
    ClipMedian,
    /// A scale per image: its median of g/d.
    ImageMedian,
    /// Scale and shift per image by least squares.
    ImageScaleShift,
}

impl DepthAlignment {
    /// All, in the order of tables.
    pub const ALL: [Self; 4] = [Self::None, Self::ClipMedian, Self::ImageMedian, Self::ImageScaleShift];

    fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClipMedian => "median scale, clip",
            Self::ImageMedian => "median scale, image",
            Self::ImageScaleShift => "scale + shift, image",
        }
    }
}

/// Errors of one image or the mean of several.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DepthErrors {
    /// Mean |d − g| / g.
    pub abs_rel: f64,
    /// Root of the mean squared difference, metres.
    pub rmse_m: f64,
    /// Share of pixels with max(d/g, g/d) < 1.25.
    pub delta1: f64,
}

/// What the depth of a clip is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DepthScore {
    /// Images compared.
    pub images: usize,
    /// Mean over images of the share of truth pixels with a prediction.
    pub coverage: f64,
    /// The clip's scale: the factor that brings the prediction to the truth.
    pub clip_scale: Option<f64>,
    /// Means over images by alignment; absent when no image has a pixel on both sides.
    pub errors: BTreeMap<DepthAlignment, DepthErrors>,
    /// What a reader must know about these figures.
    pub notes: Vec<String>,
}

/// A depth map: row-major, 0 or not finite = nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthImage {
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
    /// Depth along the optical axis.
    pub depth: Vec<f32>,
}

/// The pixels of one image that have both, and the truth's pixel count.
struct Pixels {
    pairs: Vec<(f64, f64)>,
    truth_count: usize,
}

/// Compares images pair by pair: (prediction, truth).
#[must_use]
pub fn score_depth(images: &[(DepthImage, DepthImage)]) -> DepthScore {
    let mut notes = Vec::new();
    let pixels: Vec<Pixels> = images.iter().map(|(p, t)| pixels_in_common(p, t)).collect();
    let asked: Vec<&Pixels> = pixels.iter().filter(|p| p.truth_count > 0).collect();
    if asked.len() < pixels.len() {
        notes.push(format!(
            "{} images have no true depth within 10 m and are left out",
            pixels.len() - asked.len()
        ));
    }
    let covered: Vec<&Pixels> = asked.iter().filter(|p| !p.pairs.is_empty()).copied().collect();
    if covered.len() < asked.len() {
        notes.push(format!(
            "{} images have no predicted depth: they count in the coverage, not in the errors",
            asked.len() - covered.len()
        ));
    }
    let scales: Vec<f64> = covered.iter().filter_map(|p| median_scale(p)).collect();
    let clip_scale = median(&scales);
    let mean = |alignment: DepthAlignment| {
        let errors: Vec<DepthErrors> =
            covered.iter().filter_map(|p| image_errors(&p.pairs, alignment, clip_scale?)).collect();
        mean_errors(&errors).map(|mean| (alignment, mean))
    };
    let shares: Vec<f64> = asked.iter().map(|p| p.pairs.len() as f64 / p.truth_count as f64).collect();
    DepthScore {
        images: asked.len(),
        coverage: if shares.is_empty() { 0.0 } else { shares.iter().sum::<f64>() / shares.len() as f64 },
        clip_scale,
        errors: DepthAlignment::ALL.into_iter().filter_map(mean).collect(),
        notes,
    }
}

fn pixels_in_common(prediction: &DepthImage, truth: &DepthImage) -> Pixels {
    let mut pixels = Pixels { pairs: Vec::new(), truth_count: 0 };
    let has_prediction = prediction.width > 0 && prediction.height > 0;
    for (index, &g) in truth.depth.iter().enumerate() {
        let g = f64::from(g);
        if !(g > 0.0 && g < MAX_TRUTH_M) {
            continue;
        }
        pixels.truth_count += 1;
        if !has_prediction {
            continue;
        }
        let nearest = |at: usize, size: usize, wanted: usize| {
            (((at as f64 + 0.5) * wanted as f64 / size as f64) as usize).min(wanted - 1)
        };
        let column = nearest(index % truth.width, truth.width, prediction.width);
        let row = nearest(index / truth.width, truth.height, prediction.height);
        let d = f64::from(prediction.depth[row * prediction.width + column]);
        if d > 0.0 && d.is_finite() {
            pixels.pairs.push((d, g));
        }
    }
    pixels
}

fn median_scale(pixels: &Pixels) -> Option<f64> {
    median(&pixels.pairs.iter().map(|(d, g)| g / d).collect::<Vec<_>>())
}

fn image_errors(pairs: &[(f64, f64)], alignment: DepthAlignment, clip_scale: f64) -> Option<DepthErrors> {
    let (scale, shift) = match alignment {
        DepthAlignment::None => (1.0, 0.0),
        DepthAlignment::ClipMedian => (clip_scale, 0.0),
        DepthAlignment::ImageMedian => (median(&pairs.iter().map(|(d, g)| g / d).collect::<Vec<_>>())?, 0.0),
        DepthAlignment::ImageScaleShift => scale_and_shift(pairs),
    };
    let count = pairs.len() as f64;
    let (mut relative, mut squared, mut close) = (0.0, 0.0, 0.0);
    for &(d, g) in pairs {
        let d = scale * d + shift;
        relative += (d - g).abs() / g;
        squared += (d - g) * (d - g);
        close += f64::from(u8::from(d > 0.0 && (d / g).max(g / d) < DELTA1_RATIO));
    }
    Some(DepthErrors { abs_rel: relative / count, rmse_m: (squared / count).sqrt(), delta1: close / count })
}

/// Least squares of g ≈ scale · d + shift; the mean ratio without shift when all d are equal.
fn scale_and_shift(pairs: &[(f64, f64)]) -> (f64, f64) {
    let count = pairs.len() as f64;
    let (mean_d, mean_g) =
        pairs.iter().fold((0.0, 0.0), |sum, (d, g)| (sum.0 + d / count, sum.1 + g / count));
    let (mut variance, mut covariance) = (0.0, 0.0);
    for (d, g) in pairs {
        variance += (d - mean_d) * (d - mean_d);
        covariance += (d - mean_d) * (g - mean_g);
    }
    if variance <= f64::EPSILON * count * mean_d * mean_d {
        return (mean_g / mean_d, 0.0);
    }
    let scale = covariance / variance;
    (scale, mean_g - scale * mean_d)
}

fn mean_errors(errors: &[DepthErrors]) -> Option<DepthErrors> {
    let count = errors.len() as f64;
    (!errors.is_empty()).then(|| DepthErrors {
        abs_rel: errors.iter().map(|e| e.abs_rel).sum::<f64>() / count,
        rmse_m: errors.iter().map(|e| e.rmse_m).sum::<f64>() / count,
        delta1: errors.iter().map(|e| e.delta1).sum::<f64>() / count,
    })
}

/// Compares two 16-bit PNG, or the files of equal name in two folders.
///
/// # Errors
/// When a file cannot be read or is no 16-bit grey image, or the folders have no name in common.
pub fn run_depth(prediction: &Path, truth: &Path, options: &Options) -> Result<DepthScore> {
    if !truth.is_dir() {
        let pair =
            (read_depth(prediction, options.prediction_unit_m)?, read_depth(truth, options.truth_unit_m)?);
        return Ok(score_depth(&[pair]));
    }
    let (predictions, truths) = (list_images(prediction)?, list_images(truth)?);
    let mut images = Vec::new();
    for (name, path) in &truths {
        if let Some(prediction) = predictions.get(name) {
            images.push((
                read_depth(prediction, options.prediction_unit_m)?,
                read_depth(path, options.truth_unit_m)?,
            ));
        }
    }
    if images.is_empty() {
        return Err(Error::Incomparable(format!(
            "no PNG of the {} predicted has the name of one of the {} true ones; name them alike (00000.png)",
            predictions.len(),
            truths.len()
        )));
    }
    let mut score = score_depth(&images);
    if images.len() < truths.len().max(predictions.len()) {
        score.notes.push(format!(
            "{} images are on both sides, of {} predicted and {} true ones",
            images.len(),
            predictions.len(),
            truths.len()
        ));
    }
    Ok(score)
}

fn list_images(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let read_error = |source| Error::Read { path: folder.to_owned(), source };
    let mut images = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(read_error)? {
        let path = entry.map_err(read_error)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
            && let Some(name) = path.file_stem().map(|name| name.to_string_lossy().into_owned())
        {
            // The depth artefact of a run has pictures of confidence and colour beside the depth.
            match name.split_once('.') {
                None => images.insert(name, path),
                Some((number, "depth")) => images.insert(number.to_owned(), path),
                Some(_) => None,
            };
        }
    }
    Ok(images)
}

/// Reads a 16-bit grey PNG as metres.
///
/// # Errors
/// When the file cannot be read or is of another kind.
pub fn read_depth(path: &Path, unit_m: f64) -> Result<DepthImage> {
    let content = |reason: String| Error::Content { reason, path: path.to_owned() };
    let image = image::open(path).map_err(|error| content(format!("not a readable image: {error}")))?;
    let image::DynamicImage::ImageLuma16(gray) = image else {
        return Err(content(format!("a depth image is 16-bit grey, this one is {:?}", image.color())));
    };
    let (width, height) = (gray.width() as usize, gray.height() as usize);
    let depth = gray.as_raw().iter().map(|&value| (f64::from(value) * unit_m) as f32).collect();
    Ok(DepthImage { width, height, depth })
}

impl DepthScore {
    /// The score as a plain-text table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = Table::new(&["depth, alignment", "AbsRel %", "RMSE m", "delta1 %"]);
        for alignment in DepthAlignment::ALL {
            let errors = self.errors.get(&alignment);
            table.row([
                alignment.title().to_owned(),
                number(errors.map(|e| 100.0 * e.abs_rel), 2),
                number(errors.map(|e| e.rmse_m), 3),
                percent(errors.map(|e| e.delta1)),
            ]);
        }
        let mut text = table.to_text();
        text.push_str(&format!(
            "{} images, coverage {} %, clip scale {}\n",
            self.images,
            percent(Some(self.coverage)),
            number(self.clip_scale, 4)
        ));
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, height: usize, depth: impl Fn(usize) -> f32) -> DepthImage {
        DepthImage { width, height, depth: (0..width * height).map(depth).collect() }
    }

    #[test]
    fn a_tenth_too_deep() {
        let truth = image(4, 3, |i| 1.0 + i as f32);
        let prediction = image(4, 3, |i| 1.1 * (1.0 + i as f32));
        let score = score_depth(&[(prediction, truth)]);
        let none = score.errors[&DepthAlignment::None];
        assert!((none.abs_rel - 0.1).abs() < 1e-6 && none.delta1 == 1.0);
        // Truth of 10 m and more is not asked for: depths 1..9 remain.
        assert!((none.rmse_m - 0.1 * (285.0_f64 / 9.0).sqrt()).abs() < 1e-6);
        for alignment in &DepthAlignment::ALL[1..] {
            assert!(score.errors[alignment].abs_rel < 1e-6);
        }
        assert!((score.clip_scale.expect("has pixels") - 1.0 / 1.1).abs() < 1e-6);
    }

    #[test]
    fn shift_is_found_and_holes_cost_coverage_only() {
        let truth = image(4, 2, |i| 2.0 + 0.5 * i as f32);
        let prediction = image(4, 2, |i| if i < 4 { 0.0 } else { 3.0 + 0.25 * i as f32 });
        let score = score_depth(&[(prediction, truth)]);
        assert!((score.coverage - 0.5).abs() < 1e-12);
        assert!(score.errors[&DepthAlignment::ImageScaleShift].rmse_m < 1e-6);
        assert!(score.errors[&DepthAlignment::ImageMedian].rmse_m > 1e-3);
    }

    #[test]
    fn sizes_may_differ_and_nothing_panics() {
        let truth = image(8, 6, |_| 2.0);
        let score = score_depth(&[(image(4, 3, |_| 2.0), truth.clone())]);
        assert!((score.coverage - 1.0).abs() < 1e-12 && score.errors[&DepthAlignment::None].rmse_m == 0.0);
        let nothing =
            score_depth(&[(image(0, 0, |_| 0.0), truth), (image(1, 1, |_| 1.0), image(1, 1, |_| 0.0))]);
        assert!(nothing.errors.is_empty() && nothing.coverage == 0.0 && nothing.notes.len() == 2);
        assert!(score_depth(&[]).table().contains('-'));
    }

    #[test]
    fn folders_are_paired_by_name() {
        let folder = tempfile::tempdir().expect("writable");
        let save = |name: &str, value: u16| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("writable");
            image::ImageBuffer::<image::Luma<u16>, _>::from_pixel(4, 4, image::Luma([value]))
                .save(path)
                .expect("writable");
        };
        save("truth/0.png", 2000);
        save("truth/1.png", 2000);
        save("pred/0.png", 1000);
        let path = |name: &str| folder.path().join(name);
        let score = run_depth(&path("pred"), &path("truth"), &Options::default()).expect("readable");
        assert_eq!((score.images, score.notes.len()), (1, 1));
        assert!((score.errors[&DepthAlignment::None].rmse_m - 1.0).abs() < 1e-6);
        std::fs::remove_file(path("pred/0.png")).expect("exists");
        assert!(run_depth(&path("pred"), &path("truth"), &Options::default()).is_err());
    }
}
