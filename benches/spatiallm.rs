//! Times SpatialLM's weights, or any of their size: `cargo bench --bench spatiallm -- MODELS [VOXELS [TOKENS]]`.
//!
//! MODELS is a folder of `train/spatiallm/export.py`; a checkpoint of the released size with random weights
//! comes from `train/spatiallm/synthetic.py`. A synthetic room is encoded, the prompt is read, and TOKENS
//! tokens are appended one by one. One line of JSON: seconds of each step, tokens a second, the process's
//! largest resident memory after each step, and the load of the machine, without which no time means much.

use roomwright::layout::spatiallm::decoder::Decoder;
use roomwright::layout::spatiallm::encoder;
use roomwright::layout::spatiallm::inputs::{Pyramid, Shuffle};
use roomwright::layout::spatiallm::sampling::{Options, Sampler};
use roomwright::layout::spatiallm::vocabulary::Prompt;
use roomwright::layout::spatiallm::voxels::{self, ColouredPoint};
use roomwright::nn::Registry;
use std::path::PathBuf;
use std::time::Instant;

const THREADS: usize = 2;
/// Voxels and tokens when not given: a furnished room, and ten entities.
const VOXELS: usize = 50_000;
const TOKENS: usize = 400;
/// Text tokens of the prompt, about as many as the trained wording has.
const BEFORE: usize = 14;
const AFTER: usize = 200;

/// Surface points of a room of 3 m height and a square floor, one for each voxel of 2.5 cm.
fn room(voxels: usize) -> Vec<ColouredPoint> {
    // A little more than a voxel, so that rounding puts no two points into one.
    const STEP: f64 = 0.0252;
    const ROWS: usize = 120;
    // Floor and ceiling n², walls 4 n · rows.
    let rows = ROWS as f64;
    let side = ((4.0 * rows * rows + 2.0 * voxels as f64).sqrt() - 2.0 * rows) / 2.0;
    let n = side.max(1.0) as usize;
    let at = |i: usize, j: usize, k: usize| ColouredPoint {
        position: [i, j, k].map(|index| (index as f64 + 0.5) * STEP),
        rgb: [(i % 256) as u8, (j % 256) as u8, 160],
    };
    let level = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let upright = (0..n).flat_map(|i| (0..ROWS).map(move |k| (i, k)));
    level
        .flat_map(|(i, j)| [at(i, j, 0), at(i, j, ROWS)])
        .chain(upright.flat_map(|(i, k)| [at(i, 0, k), at(i, n, k), at(0, i, k), at(n, i, k)]))
        .collect()
}

/// A line of a file of /proc, in words; empty where there is none.
fn proc_words(file: &str, start: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(start)).unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

/// Largest resident memory of this process, GiB.
fn peak_gib() -> f64 {
    let words = proc_words("/proc/self/status", "VmHWM:");
    words.get(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1_048_576.0
}

fn main() {
    // `cargo bench` passes `--bench`; `cargo test` runs this file without arguments.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let Some(models) = arguments.first().map(PathBuf::from) else {
        println!("skipped: give a folder of exported models");
        return;
    };
    let number =
        |index: usize, default| arguments.get(index).map_or(default, |text| text.parse().expect("a number"));
    let (voxel_count, token_count): (usize, usize) = (number(1, VOXELS), number(2, TOKENS));
    let registry = Registry::open(&[models]).expect("a folder of exported models");
    let model = registry.find("spatiallm_encoder").expect("an exported encoder");
    let spec = model.entry.point_encoder.clone().expect("described");

    let begun = Instant::now();
    let voxels = voxels::voxelise(&room(voxel_count), spec.num_bins, usize::MAX);
    let pyramid = Pyramid::new(&voxels.grid, &spec.orders, Shuffle::Off);
    let prepared = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let points = encoder::encode(model, &spec, &voxels, &pyramid, THREADS).expect("it encodes");
    let (encoded, encoder_peak) = (begun.elapsed().as_secs_f64(), peak_gib());

    let model = registry.find("spatiallm_decoder").expect("an exported decoder");
    let spec = model.entry.layout_decoder.clone().expect("described");
    let precision = model.entry.note.clone();
    let begun = Instant::now();
    let mut decoder = Decoder::open(model, spec.clone(), THREADS).expect("it loads");
    let loaded = begun.elapsed().as_secs_f64();
    let text = |count: usize| (0..count).map(|i| (i % 256) as u32);
    let special = [spec.point_start, spec.point_pad, spec.point_end];
    let ids = text(BEFORE).chain(special).chain(text(AFTER)).collect();
    let prompt = Prompt::new(ids, &spec).expect("point tokens in a row");
    let begun = Instant::now();
    let mut logits = decoder.read(&prompt, &points, &mut |_, _| ()).expect("it reads");
    let read = begun.elapsed().as_secs_f64();
    let mut sampler = Sampler::new(Options::default(), 1.0, 0);
    let begun = Instant::now();
    for _ in 0..token_count {
        let choice = sampler.choose(&logits, &[]).expect("numbers");
        logits = decoder.append(choice.id).expect("it appends");
    }
    let spoken = begun.elapsed().as_secs_f64();
    let load = proc_words("/proc/loadavg", "").first().cloned().unwrap_or_default();
    println!(
        "{}",
        serde_json::json!({
            "decoder": precision,
            "threads": THREADS,
            "voxels": voxels.grid.len(),
            "point_tokens": pyramid.tokens(),
            "tables_s": prepared,
            "encoder_s": encoded,
            "encoder_peak_gib": encoder_peak,
            "decoder_load_s": loaded,
            "prefill_tokens": decoder.length() - token_count,
            "prefill_s": read,
            "tokens": token_count,
            "tokens_per_s": token_count as f64 / spoken,
            "peak_gib": peak_gib(),
            "load": load,
        })
    );
}
