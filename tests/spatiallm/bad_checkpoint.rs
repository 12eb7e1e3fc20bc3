//! Checkpoints and model folders that cannot work: each ends with cause, value and remedy.

use super::export::{must, registry, script, text};
use roomwright::layout::spatiallm::{Options, SpatialLm};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use std::path::Path;

/// Exports a folder that must be refused; gives the message.
fn refusal(source: &Path, out: &Path) -> Option<String> {
    let output = script("export.py", &[text(source), text(out)])?;
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it was exported");
    assert!(!message.contains("Traceback"), "{message}");
    Some(message)
}

/// Writes the tensors of `bytes` that `change` lets through.
fn rewrite(
    bytes: &[u8],
    path: &Path,
    change: impl for<'a> Fn(&str, TensorView<'a>) -> Option<TensorView<'a>>,
) {
    let read = SafeTensors::deserialize(bytes).expect("a good file");
    let kept: Vec<(String, TensorView<'_>)> = read
        .tensors()
        .into_iter()
        .filter_map(|(name, view)| Some((name.clone(), change(&name, view)?)))
        .collect();
    std::fs::write(path, safetensors::serialize(kept, None).expect("serialised")).expect("written");
}

#[test]
fn each_fault_is_named_with_its_remedy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, out) = (folder.path().join("checkpoint"), folder.path().join("models"));
    if must("synthetic.py", &[text(&source), "--small"]).is_none() {
        return;
    }
    let weights = source.join("model.safetensors");
    let good = std::fs::read(&weights).expect("readable");

    std::fs::write(&weights, &good[..good.len() / 2]).expect("written");
    let Some(cut) = refusal(&source, &out) else { return };
    assert!(cut.contains("cut off") && cut.trim_end().ends_with("model.safetensors"), "{cut}");

    let missing = "point_backbone.enc.enc2.block0.attn.qkv.bias";
    rewrite(&good, &weights, |name, view| (name != missing).then_some(view));
    let Some(message) = refusal(&source, &out) else { return };
    assert!(message.contains(missing) && message.contains("missing"), "{message}");

    rewrite(&good, &weights, |name, view| {
        if name != "model.norm.weight" {
            return Some(view);
        }
        let half = view.shape()[0] / 2;
        let bytes = half * view.data().len() / view.shape()[0];
        let data: &'static [u8] = view.data()[..bytes].to_vec().leak();
        Some(TensorView::new(view.dtype(), vec![half], data).expect("a shorter tensor"))
    });
    let Some(message) = refusal(&source, &out) else { return };
    assert!(
        message.contains("model.norm.weight") && message.contains("[64]") && message.contains("[128]"),
        "{message}"
    );
    std::fs::write(&weights, &good).expect("written");

    let config = std::fs::read_to_string(source.join("config.json")).expect("readable");
    std::fs::write(source.join("config.json"), config.replace("\"vocab_size\": 384", "\"vocab_size\": 383"))
        .expect("written");
    let Some(message) = refusal(&source, &out) else { return };
    assert!(message.contains("embed_tokens") || message.contains("vocabulary"), "{message}");
    assert!(message.contains("383") && message.contains("384"), "{message}");

    std::fs::write(source.join("config.json"), config.replace("spatiallm_qwen", "spatiallm_llama"))
        .expect("written");
    let Some(message) = refusal(&source, &out) else { return };
    assert!(message.contains("spatiallm_llama") && message.contains("Qwen2"), "{message}");
    std::fs::write(source.join("config.json"), &config).expect("written");

    let tokenizer = std::fs::read_to_string(source.join("tokenizer.json")).expect("readable");
    std::fs::write(source.join("tokenizer.json"), tokenizer.replace("\"id\": 382", "\"id\": 151667"))
        .expect("written");
    let Some(message) = refusal(&source, &out) else { return };
    assert!(message.contains("151667") && message.contains("384"), "{message}");
}

#[test]
fn a_model_folder_that_was_tampered_with_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, models) = (folder.path().join("checkpoint"), folder.path().join("models"));
    if must("synthetic.py", &[text(&source), "--small"]).is_none() {
        return;
    }
    if must("export.py", &[text(&source), text(&models)]).is_none() {
        return;
    }
    let open = || SpatialLm::open(Options::default(), &registry(&models)).map(|_| ());
    open().expect("a good folder");
    let changed = |file: &str, change: &dyn Fn(Vec<u8>) -> Option<Vec<u8>>| {
        let path = models.join(file);
        let good = std::fs::read(&path).expect("readable");
        match change(good.clone()) {
            Some(bad) => std::fs::write(&path, bad).expect("written"),
            None => std::fs::remove_file(&path).expect("removed"),
        }
        let message = open().expect_err("a bad folder").to_string();
        std::fs::write(&path, good).expect("written");
        message
    };
    let cut = changed("decoder.onnx.data", &|good| Some(good[..good.len() - 1].to_vec()));
    assert!(cut.contains("cut off") && cut.ends_with("decoder.onnx.data"), "{cut}");
    let gone = changed("encoder.onnx", &|_| None);
    assert!(gone.contains("encoder.onnx") && gone.contains("--models"), "{gone}");
    let other = changed("tokenizer.json", &|good| Some([good, b" ".to_vec()].concat()));
    assert!(other.contains("altered"), "{other}");
    let manifest = |from: &'static str, to: &'static str| {
        changed("roomwright-models.toml", &move |good| {
            let text = String::from_utf8(good).expect("text");
            assert!(text.contains(from), "{from}");
            Some(text.replacen(from, to, 1).into_bytes())
        })
    };
    let pad = manifest("point_pad = 382", "point_pad = 379");
    assert!(pad.contains("<|point_pad|>") && pad.contains("379") && pad.contains("tokenizer"), "{pad}");
    let wide = manifest("num_bins = 1280\nwidth = 128", "num_bins = 1280\nwidth = 64");
    assert!(wide.contains("64 wide") && wide.contains("128"), "{wide}");
    open().expect("a good folder again");

    let none = SpatialLm::open(Options::default(), &roomwright::nn::Registry::open(&[]).expect("built in"));
    let message = none.map(|_| ()).expect_err("no models").to_string();
    assert!(message.contains("spatiallm_encoder"), "{message}");
}
