//! The detector `spatiallm` against what the published code computed, and against bad input.
//!
//! The reference is `../shared/parity/golden`: small checkpoints with random weights under the official
//! names, and every array that the published PyTorch code made of them. Tests that need it skip with a
//! printed reason when it is absent, and so do those that need Python with PyTorch for the exporter.

#[path = "spatiallm/bad_checkpoint.rs"]
mod bad_checkpoint;
#[path = "spatiallm/decoding.rs"]
mod decoding;
#[path = "spatiallm/encoding.rs"]
mod encoding;
#[path = "spatiallm/end_to_end.rs"]
mod end_to_end;
#[path = "spatiallm/export.rs"]
mod export;
#[path = "spatiallm/npz.rs"]
mod npz;
#[path = "spatiallm/preparation.rs"]
mod preparation;

use roomwright::layout::spatiallm::inputs::Shuffle;
use std::path::{Path, PathBuf};

/// The folder of references; `None`, with a printed reason, when it is absent.
fn golden() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/parity/golden");
    if folder.join("manifest.json").is_file() {
        return Some(folder);
    }
    println!("skipped: no reference arrays in {}", folder.display());
    None
}

/// Largest absolute difference; infinite where a value is not a number or the sizes differ.
fn difference(found: &[f32], wanted: &[f32]) -> f32 {
    if found.len() != wanted.len() {
        return f32::INFINITY;
    }
    found
        .iter()
        .zip(wanted)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |worst, d| if d <= worst { worst } else { d })
}

#[test]
fn patches_of_64_array_by_array_and_token_by_token() {
    let Some(exported) = export::export("p64", "p64") else { return };
    encoding::patches_of_64(&exported);
    decoding::prefill(&exported);
    for cloud in ["room2k", "room8k", "tiny50", "one"] {
        decoding::greedy(&exported, "p64", cloud, "fixed", Shuffle::Off);
    }
    for cloud in ["room2k", "room8k", "tiny50"] {
        decoding::greedy(&exported, "p64", cloud, "seed0", Shuffle::Seed(0));
    }
}

#[test]
fn patches_of_1024_and_a_tied_head_array_by_array_and_token_by_token() {
    let Some(exported) = export::export("p1024", "p1024") else { return };
    encoding::patches_of_1024(&exported);
    for cloud in ["room2k", "room8k", "tiny50"] {
        decoding::greedy(&exported, "p1024", cloud, "fixed", Shuffle::Off);
        decoding::greedy(&exported, "p1024", cloud, "seed0", Shuffle::Seed(0));
    }
}

#[test]
fn two_orders_array_by_array_and_token_by_token() {
    let Some(exported) = export::export("p64o2", "p64") else { return };
    encoding::two_orders(&exported);
    for cloud in ["room2k", "tiny50"] {
        decoding::greedy(&exported, "p64o2", cloud, "fixed", Shuffle::Off);
        decoding::greedy(&exported, "p64o2", cloud, "seed0", Shuffle::Seed(0));
    }
}
