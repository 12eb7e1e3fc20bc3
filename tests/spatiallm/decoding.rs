//! The exported decoder against the published one: prefill arrays, and greedy tokens through the whole
//! chain of encoder, splice, cache and choice.

use super::encoding::voxels;
use super::export::Exported;
use super::npz::Archive;
use super::{difference, golden};
use roomwright::layout::spatiallm::decoder::Decoder;
use roomwright::layout::spatiallm::encoder;
use roomwright::layout::spatiallm::generate::{self, End, Limits};
use roomwright::layout::spatiallm::inputs::{Pyramid, Shuffle};
use roomwright::layout::spatiallm::sampling::{Options, Sampler};
use roomwright::layout::spatiallm::vocabulary::Prompt;

const TOLERANCE: f32 = 1e-4;

fn decoder(exported: &Exported) -> Decoder {
    let model = exported.registry.find("spatiallm_decoder").expect("exported");
    let spec = model.entry.layout_decoder.clone().expect("described");
    Decoder::open(model, spec, 2).expect("it loads")
}

/// Arrays of the prefill, with the published point tokens.
pub fn prefill(exported: &Exported) {
    let folder = golden().expect("it was there for the exporter");
    let mut decoder = decoder(exported);
    for cloud in ["room2k", "tiny50", "one"] {
        let reference = Archive::open(&folder.join(format!("p64_{cloud}_fixed.npz")));
        let ids: Vec<u32> = reference.at("llm.input_ids").integers();
        let points = reference.at("proj.tokens").f32();
        let (texts, count) = (ids.len() as i64, reference.at("proj.tokens").shape[0] as i64);
        let pad = ids.iter().position(|&id| id == 382).expect("the pad token") as i64;
        let splice: Vec<i64> = (0..pad).chain(texts..texts + count).chain(pad + 1..texts).collect();
        let all: Vec<usize> = (0..splice.len()).collect();
        decoder.clear();
        let outputs = decoder.run(&ids, &points, &splice, &all).expect("it runs");
        let mut worst = difference(&outputs.logits, &reference.at("llm.logits").f32());
        assert!(worst <= TOLERANCE, "{cloud} llm.logits: {worst}");
        let mut arrays = 1;
        for (name, tensor) in &outputs.others {
            let Some(wanted) = reference.get(name) else { continue };
            let off = difference(tensor.as_f32().expect("floats"), &wanted.f32());
            assert!(off <= TOLERANCE, "{cloud} {name}: {off}");
            worst = worst.max(off);
            arrays += 1;
        }
        println!("prefill of {cloud}: {arrays} arrays, max abs difference {worst:.2e}");
        assert_eq!(arrays, 5, "{cloud}");
    }
}

/// Cloud to tokens; compares the 64 greedy tokens, and the logits at each where the reference has them.
pub fn greedy(exported: &Exported, config: &str, cloud: &str, run: &str, shuffle: Shuffle) {
    let folder = golden().expect("it was there for the exporter");
    let reference = Archive::open(&folder.join(format!("{config}_{cloud}_{run}.npz")));
    let voxels = voxels(&Archive::open(&folder.join(format!("pre_{cloud}.npz"))));
    // Two orders change the encoder only: the prompt is that of the other configuration.
    let prompt_of = if config == "p64o2" { "p64" } else { config };
    let prompt = Archive::open(&folder.join(format!("{prompt_of}_{cloud}_fixed.npz")));
    let model = exported.registry.find("spatiallm_encoder").expect("exported");
    let spec = model.entry.point_encoder.clone().expect("described");
    let pyramid = Pyramid::new(&voxels.grid, &spec.orders, shuffle);
    let points = encoder::encode(model, &spec, &voxels, &pyramid, 2).expect("it runs");

    let spec = exported
        .registry
        .find("spatiallm_decoder")
        .expect("exported")
        .entry
        .layout_decoder
        .expect("described");
    let ids: Vec<u32> = prompt.at("llm.input_ids").integers();
    let prompt = Prompt::new(ids, &spec).expect("point tokens in a row");
    let wanted: Vec<u32> = reference.at("gen.ids").integers();
    let mut decoder = decoder(exported);
    let logits = decoder.read(&prompt, &points, &mut |_, _| ()).expect("it reads");
    assert_eq!(decoder.length(), prompt.ids.len() - 1 + pyramid.tokens());
    let limits = Limits { stop: Vec::new(), max_tokens: wanted.len(), repetition_guard: false };
    let mut sampler = Sampler::new(Options::default(), 1.0, 0);
    let (chosen, end) = generate::generate(
        &mut decoder,
        logits.clone(),
        prompt.ids.clone(),
        &mut sampler,
        &limits,
        &mut |_| Ok(()),
    )
    .expect("it speaks");
    let found: Vec<u32> = chosen.iter().map(|choice| choice.id).collect();
    assert_eq!(found, wanted, "{config} {cloud} {run}");
    assert_eq!(end, End::Limit);
    assert!(chosen.iter().all(|choice| choice.probability > 0.0 && choice.probability <= 1.0));
    let Some(array) = reference.get("gen.logits") else {
        println!("{config} {cloud} {run}: {} greedy tokens equal", found.len());
        return;
    };
    let mut worst = 0.0;
    decoder.clear();
    let mut logits = decoder.read(&prompt, &points, &mut |_, _| ()).expect("it reads");
    for (wanted, &id) in array.f32().chunks(spec.vocabulary).zip(&found) {
        worst = f32::max(worst, difference(&logits, wanted));
        logits = decoder.append(id).expect("it appends");
    }
    assert!(worst <= TOLERANCE, "{config} {cloud} {run}: {worst}");
    println!("{config} {cloud} {run}: {} greedy tokens equal, logits within {worst:.2e}", found.len());
}
