//! The report for people: one HTML file, nothing loaded from elsewhere.
//!
//! Takes layouts with their truth, gives HTML text: the tables of the scores, a legend, and per scene a
//! top view of the prediction over the truth, coloured by what matched (strict reading, first
//! threshold), with optional images beside it (overlays on frames). The file is deterministic and
//! works without network, script or external font.

mod embed;
mod top_view;

pub use embed::{data_uri, escape};
pub use top_view::{Status, TopView, top_view};

use super::error::{Error, Result};
use super::layout::{self, Mode, SceneInput, SceneScore, load_layout, scene_files, score_layouts};
use super::plan::{rooms_of_walls, score_plan};
use super::scene::placement;
use crate::scene::{ClassMap, Layout};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Largest image that is embedded, bytes: a report is for looking, and browsers stall on more.
const MAX_IMAGE_BYTES: u64 = 20_000_000;

/// A part of the report that is plain text: a table with its title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPart {
    /// Title.
    pub title: String,
    /// The text, shown in a fixed-width font.
    pub text: String,
}

/// One scene of the report.
#[derive(Debug, Clone)]
pub struct ReportScene<'a> {
    /// Name.
    pub name: &'a str,
    /// The prediction.
    pub prediction: &'a Layout,
    /// The truth.
    pub truth: &'a Layout,
    /// The ignore list.
    pub ignored: Option<&'a Layout>,
    /// Its score, for the colours.
    pub score: &'a SceneScore,
    /// Images as (caption, data URI).
    pub images: &'a [(String, String)],
}

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1200px;color:#1d2328;background:#fff}\
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #d5dade}\
pre{font:12.5px/1.35 ui-monospace,monospace;background:#f5f7f8;padding:.8em;overflow-x:auto}\
.legend span{display:inline-block;margin-right:1.4em}.legend i{display:inline-block;width:1.6em;height:.55em;margin-right:.4em}\
figure{display:inline-block;margin:.5em .8em .5em 0;vertical-align:top}figcaption{font-size:.85em;color:#5a656e}\
svg,img{max-width:100%;height:auto;border:1px solid #d5dade}svg text{font-family:system-ui,sans-serif}";

/// The report as HTML text.
#[must_use]
pub fn report(title: &str, parts: &[TextPart], scenes: &[ReportScene<'_>]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style></head>\n\
         <body><h1>{0}</h1>\n",
        escape(title)
    );
    // Writing to a String cannot fail.
    for part in parts {
        let _ = writeln!(html, "<h2>{}</h2><pre>{}</pre>", escape(&part.title), escape(&part.text));
    }
    html.push_str(&legend());
    for scene in scenes {
        let _ = writeln!(html, "<h2>{}</h2>", escape(scene.name));
        let view = top_view(&TopView {
            prediction: scene.prediction,
            truth: scene.truth,
            ignored: scene.ignored,
            statuses: &statuses(scene.score),
        });
        let _ = writeln!(html, "<figure>{view}<figcaption>{}</figcaption></figure>", caption(scene.score));
        for (caption, uri) in scene.images {
            let _ = writeln!(
                html,
                "<figure><img alt=\"{0}\" src=\"{uri}\"><figcaption>{0}</figcaption></figure>",
                escape(caption)
            );
        }
    }
    html.push_str("</body></html>\n");
    html
}

fn legend() -> String {
    let mut html = String::from("<p class=\"legend\">");
    for status in Status::ALL {
        let _ =
            write!(html, "<span><i style=\"background:{}\"></i>{}</span>", status.color(), status.meaning());
    }
    html.push_str("</p>\n");
    html
}

/// What became of every element, by its name: predictions as they are, truths behind `truth:`.
fn statuses(score: &SceneScore) -> BTreeMap<String, Status> {
    let mut found = BTreeMap::new();
    let Some(threshold) = score.results.first().map(|result| result.threshold) else { return found };
    for result in score.results.iter().filter(|r| r.mode == Mode::Strict && r.threshold == threshold) {
        if result.class == layout::ClassKey::AnyObject {
            continue;
        }
        let m = &result.matching;
        found.extend(m.matched.iter().map(|pair| (pair.prediction.clone(), Status::Matched)));
        found.extend(m.unfounded.iter().map(|id| (id.clone(), Status::Unfounded)));
        found.extend(m.ignored.iter().map(|id| (id.clone(), Status::Ignored)));
        found.extend(m.matched.iter().map(|pair| (format!("truth:{}", pair.truth), Status::Truth)));
        found.extend(m.missed.iter().map(|id| (format!("truth:{id}"), Status::Missed)));
    }
    found
}

/// Counts in words under the view.
fn caption(score: &SceneScore) -> String {
    let Some(threshold) = score.results.first().map(|result| result.threshold) else { return String::new() };
    let (mut matched, mut missed, mut unfounded) = (0, 0, 0);
    for result in score.results.iter().filter(|r| r.mode == Mode::Strict && r.threshold == threshold) {
        if result.class != layout::ClassKey::AnyObject {
            matched += result.matching.matched.len();
            missed += result.matching.missed.len();
            unfounded += result.matching.unfounded.len();
        }
    }
    format!("strict, IoU {threshold:.2}: {matched} matched, {missed} missed, {unfounded} unfounded; grid 1 m")
}

/// Scores files or folders (as `run_layout` does) and writes the report as HTML text. A run folder is
/// placed by its camera path when the truth has one. `images` are shown with the first scene.
///
/// # Errors
/// When a file cannot be read or an option is out of range.
pub fn run_html(
    prediction: &Path,
    truth: &Path,
    ignored: Option<&Path>,
    images: &[PathBuf],
    options: &layout::Options,
) -> Result<String> {
    let class_map = layout::load_class_map(&options.classes)?;
    let mut notes = Vec::new();
    let motion = placement(prediction, truth)?;
    let mut loaded: Vec<(String, Layout, Layout, Option<Layout>)> = Vec::new();
    for files in scene_files(prediction, truth, ignored, &mut notes)? {
        let mut load = |path: &Path| load_layout(path, &mut notes);
        let prediction = files.prediction.as_deref().map(&mut load).transpose()?.unwrap_or_default();
        let truth = load(&files.truth)?;
        let prediction = match &motion {
            Some(motion) => motion.layout(&prediction),
            None => prediction,
        };
        loaded.push((files.name, prediction, truth, files.ignored.as_deref().map(&mut load).transpose()?));
    }
    let images = images.iter().map(|path| load_image(path)).collect::<Result<Vec<_>>>()?;
    build(&loaded, notes, &images, &class_map, &options.thresholds)
}

fn build(
    loaded: &[(String, Layout, Layout, Option<Layout>)],
    notes: Vec<String>,
    images: &[(String, String)],
    class_map: &ClassMap,
    thresholds: &[f64],
) -> Result<String> {
    let inputs: Vec<SceneInput<'_>> = loaded
        .iter()
        .map(|(name, prediction, truth, ignored)| SceneInput {
            name,
            prediction,
            truth,
            ignored: ignored.as_ref(),
        })
        .collect();
    let mut score = score_layouts(&inputs, class_map, thresholds)?;
    score.notes = notes;
    let mut parts = vec![TextPart { title: "Layout".to_owned(), text: score.table() }];
    for (name, prediction, truth, _) in loaded {
        let rooms = rooms_of_walls(truth);
        if !rooms.is_empty() {
            let text = score_plan(&rooms_of_walls(prediction), &rooms).table();
            parts.push(TextPart { title: format!("Floor plan of {name}"), text });
        }
    }
    let scenes: Vec<ReportScene<'_>> = loaded
        .iter()
        .zip(&score.scenes)
        .enumerate()
        .map(|(index, ((name, prediction, truth, ignored), score))| ReportScene {
            name,
            prediction,
            truth,
            ignored: ignored.as_ref(),
            score,
            images: if index == 0 { images } else { &[] },
        })
        .collect();
    Ok(report("Layout evaluation", &parts, &scenes))
}

fn load_image(path: &Path) -> Result<(String, String)> {
    let read_error = |source| Error::Read { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(read_error)?.len();
    if size > MAX_IMAGE_BYTES {
        let reason =
            format!("the image has {size} bytes, at most {MAX_IMAGE_BYTES} are embedded; make it smaller");
        return Err(Error::Content { reason, path: path.to_owned() });
    }
    let bytes = std::fs::read(path).map_err(read_error)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let uri = data_uri(&bytes).ok_or_else(|| Error::Content {
        reason: "neither PNG nor JPEG; give an image of these kinds".to_owned(),
        path: path.to_owned(),
    })?;
    Ok((name, uri))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::ReadMode;

    fn layout(text: &str) -> Layout {
        Layout::parse(text, ReadMode::Strict).expect("good text").0
    }

    #[test]
    fn the_report_is_self_contained_and_shows_what_matched() {
        let wall = "wall_0=Wall(0,0,0,4,0,0,2.6,0.1)\n";
        let truth = layout(&format!(
            "{wall}door_0=Door(wall_0,2,0,1,0.9,2)\nbbox_0=Bbox(sofa,1,1,0.4,0,2,0.9,0.8)\n"
        ));
        let prediction = layout(&format!(
            "{wall}wall_1=Wall(0,3,0,4,3,0,2.6,0.1)\nbbox_0=Bbox(a<b,1,1,0.4,0,2,0.9,0.8)\n"
        ));
        let scenes = vec![("one & only".to_owned(), prediction, truth, None)];
        let images = vec![("view.png".to_owned(), "data:image/png;base64,AA==".to_owned())];
        let html = build(&scenes, vec!["a note".to_owned()], &images, &ClassMap::benchmark(), &[0.25])
            .expect("good");
        for part in
            ["one &amp; only", "a&lt;b", "note: a note", "1 matched, 2 missed, 1 unfounded", "data:image/png"]
        {
            assert!(html.contains(part), "{part} is missing");
        }
        for status in [Status::Matched, Status::Missed, Status::Unfounded] {
            assert!(html.matches(status.color()).count() > 1, "{status:?} is drawn, not only in the legend");
        }
        assert!(!html.contains("http") && !html.contains("<script"));
        assert_eq!(
            html,
            build(&scenes, vec!["a note".to_owned()], &images, &ClassMap::benchmark(), &[0.25])
                .expect("good")
        );
    }

    #[test]
    fn empty_scenes_have_a_report() {
        let scenes = vec![("empty".to_owned(), Layout::default(), Layout::default(), None)];
        assert!(
            build(&scenes, Vec::new(), &[], &ClassMap::coarse(), &[0.25]).expect("good").contains("<svg")
        );
    }
}
