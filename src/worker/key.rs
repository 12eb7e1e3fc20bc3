//! The content key: equal keys mean equal outputs, so that work that was done is known again.
//!
//! SHA-256 over the program's version, the input's bytes, the options, what is known of the scene, the
//! formats and the models' digests; not over paths, limits, numbers of workers or where outputs go.

use super::{Job, ModelDigest, PROGRAM};
use sha2::{Digest, Sha256};

/// Changes when the layout of an item's folder does.
const FORMAT: u32 = 1;

/// The key of a job whose input has this digest and that uses these models.
#[must_use]
pub fn content_key(job: &Job, input_sha256: &str, models: &[ModelDigest]) -> String {
    let mut formats = job.export.clone();
    formats.sort();
    formats.dedup();
    let parts = (
        FORMAT,
        PROGRAM,
        (cfg!(feature = "opencv"), cfg!(feature = "onnx")),
        input_sha256,
        &job.options,
        &job.hints,
        formats,
        job.overlay,
        models,
    );
    let text = serde_json::to_vec(&parts).expect("because options are plain numbers, words and lists");
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_depends_on_content_and_options_and_on_nothing_else() {
        let job: Job = serde_json::from_str(r#"{"id":"a","input":"a.mp4","output":"out/a"}"#).expect("a job");
        let key = |job: &Job, digest: &str| content_key(job, digest, &[]);
        let moved =
            Job { input: "b.mp4".into(), output: "elsewhere".into(), min_score: Some(0.5), ..job.clone() };
        assert_eq!(key(&job, "00"), key(&moved, "00"));
        assert_ne!(key(&job, "00"), key(&job, "01"));
        let mut other = job.clone();
        other.options.video.max_fps = 12.0;
        assert_ne!(key(&job, "00"), key(&other, "00"));
        let model = ModelDigest { id: "m".into(), sha256: "ff".into() };
        assert_ne!(key(&job, "00"), content_key(&job, "00", &[model]));
    }
}
