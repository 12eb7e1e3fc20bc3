//! What one line of a worker's input says.
//!
//! Only `id`, `input` and `output` are needed: `{"id":"a","input":"a.mp4","output":"labels/a"}`.

use crate::align::Hints;
use crate::pipeline::Options;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Name of the item; comes back in the row.
    pub id: String,
    /// Path of what `run` reads, or the address of a clip in a store.
    pub input: String,
    /// Folder of the outputs; it appears when all of them are written, and replaces an earlier one.
    pub output: PathBuf,
    /// Folder to prepare them in, on the same file system; without it one beside `output`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<PathBuf>,
    /// Outputs that score below this go to `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<f64>,
    /// Folder of the outputs when they score too low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<PathBuf>,
    /// Folders with model files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<PathBuf>,
    /// Options by group, as in a configuration file; what is left out has its default.
    #[serde(default)]
    pub options: Options,
    /// What is known of the scene.
    #[serde(default)]
    pub hints: Hints,
    /// Formats beside the standard ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub export: Vec<String>,
    /// Also write overlay.mp4.
    #[serde(default)]
    pub overlay: bool,
}

impl Job {
    /// The part of the clip that is asked for, seconds; `None` for its beginning and end.
    #[must_use]
    pub fn part_s(&self) -> (Option<f64>, Option<f64>) {
        let positive = |value: f64| (value > 0.0).then_some(value);
        (positive(self.options.video.start_s), positive(self.options.video.end_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_fields_make_a_job_and_unknown_ones_are_refused() {
        let job: Job = serde_json::from_str(r#"{"id":"a","input":"a.mp4","output":"out/a"}"#).expect("a job");
        assert_eq!(job.options, Options::default());
        assert_eq!(job.part_s(), (None, None));
        let part = r#"{"id":"a","input":"a.mp4","output":"o","options":{"video":{"start_s":2.5}}}"#;
        let job: Job = serde_json::from_str(part).expect("a job");
        assert_eq!(job.part_s(), (Some(2.5), None));
        let unknown = r#"{"id":"a","input":"a.mp4","output":"o","speed":9}"#;
        let message = serde_json::from_str::<Job>(unknown).expect_err("unknown field").to_string();
        assert!(message.contains("speed"), "{message}");
        let written = serde_json::to_string(&job).expect("a line");
        assert_eq!(serde_json::from_str::<Job>(&written).expect("read back"), job);
    }
}
