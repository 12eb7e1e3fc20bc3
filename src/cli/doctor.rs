//! `roomwright doctor`: what is installed, and whether a clip is good enough.

use super::args::DoctorArgs;
use crate::report::Reporter;
use crate::{nn, video};
use anyhow::Result;
use serde::Serialize;

/// What the doctor found.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    value: String,
    good: bool,
}

/// Runs the verb. An unusable clip is an error with its cause.
pub fn run(args: &DoctorArgs) -> Result<()> {
    let mut findings = installed();
    if let Some(path) = &args.video {
        let reporter = Reporter::default();
        let frames = video::open(path, &video::Options::default(), &reporter)?;
        findings.extend(clip(&frames));
        for warning in reporter.warnings() {
            findings.push(Finding { what: warning.code, value: warning.message, good: false });
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            let mark = if finding.good { "ok  " } else { "look" };
            println!("{mark}  {:<24} {}", finding.what, finding.value);
        }
    }
    Ok(())
}

fn installed() -> Vec<Finding> {
    let (library, good) = match nn::library::locate(None) {
        Ok(path) => (path.display().to_string(), true),
        Err(error) => (error.to_string(), false),
    };
    vec![
        Finding { what: "roomwright".into(), value: env!("CARGO_PKG_VERSION").into(), good: true },
        Finding {
            what: "video decoding".into(),
            value: video::decoder_version(),
            good: cfg!(feature = "opencv"),
        },
        Finding { what: "ONNX Runtime".into(), value: library, good },
    ]
}

/// Share of the sharpest frames' sharpness below which a frame counts as blurred.
const BLURRED_SHARE: f64 = 0.2;
/// Share of blurred frames above which the user is told.
const MANY_BLURRED: f64 = 0.3;

fn clip(frames: &video::FrameSet) -> Vec<Finding> {
    let count = frames.frames.len();
    let seconds = match (frames.frames.first(), frames.frames.last()) {
        (Some(first), Some(last)) => last.time_s - first.time_s,
        _ => 0.0,
    };
    let mut sharpness: Vec<f64> = frames.frames.iter().map(|frame| frame.sharpness).collect();
    sharpness.sort_by(f64::total_cmp);
    let sharp = sharpness[(count - 1) * 9 / 10];
    let blurred = sharpness.iter().filter(|&&s| s < BLURRED_SHARE * sharp).count() as f64 / count as f64;
    let brightness: Vec<f64> = frames.frames.iter().map(|frame| frame.brightness).collect();
    let light = crate::math::median(&brightness).unwrap_or(0.0);
    vec![
        Finding {
            what: "frames".into(),
            value: format!("{count} in {seconds:.1} s at {}x{}", frames.width, frames.height),
            good: count >= video::MIN_FRAMES,
        },
        Finding {
            what: "blurred frames".into(),
            value: format!(
                "{:.0} % (walk slower, or with more light, above {:.0} %)",
                100.0 * blurred,
                100.0 * MANY_BLURRED
            ),
            good: blurred <= MANY_BLURRED,
        },
        Finding {
            what: "median brightness".into(),
            value: format!("{light:.0} of 255"),
            good: light > video::quality::MIN_BRIGHTNESS,
        },
    ]
}
