//! Everything before the networks: clean-up, voxels, curves, orders, patches, cells, position code.
//! Integers must be equal.

use super::npz::Archive;
use super::{difference, golden};
use roomwright::layout::spatiallm::inputs::{self, Pyramid, Shuffle};
use roomwright::layout::spatiallm::permutation::permutation;
use roomwright::layout::spatiallm::prompt::{self, Task};
use roomwright::layout::spatiallm::vocabulary::Vocabulary;
use roomwright::layout::spatiallm::voxels::{self, ColouredPoint};
use roomwright::layout::spatiallm::{cleanup, curves, serialise};
use roomwright::nn::LayoutDecoder;
use roomwright::nn::point_language::Curve;

const CURVES: [Curve; 4] = [Curve::Z, Curve::ZTransposed, Curve::Hilbert, Curve::HilbertTransposed];
const NAMES: [&str; 4] = ["z", "z-trans", "hilbert", "hilbert-trans"];

fn points(archive: &Archive, positions: &str, colours: &str) -> Vec<ColouredPoint> {
    let rgb: Vec<u8> = archive.at(colours).integers();
    let xyz = archive.at(positions).f64().chunks(3);
    xyz.zip(rgb.chunks(3))
        .map(|(p, c)| ColouredPoint { position: [p[0], p[1], p[2]], rgb: [c[0], c[1], c[2]] })
        .collect()
}

#[test]
fn codes_of_every_depth_and_curve() {
    let Some(folder) = golden() else { return };
    let archive = Archive::open(&folder.join("codes.npz"));
    let mut compared = 0;
    for grid_name in archive.names().filter(|name| name.ends_with(".grid")) {
        let depth = grid_name.trim_end_matches(".grid");
        let bits: u32 = depth[1..].parse().expect("d<bits>");
        let grid = archive.at(grid_name).voxels();
        for (curve, name) in CURVES.into_iter().zip(NAMES) {
            let wanted: Vec<u64> = archive.at(&format!("{depth}.{name}")).integers();
            let found: Vec<u64> = grid.iter().map(|&voxel| curves::code(curve, voxel, bits)).collect();
            assert_eq!(found, wanted, "{depth} {name}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "{compared}");
}

#[test]
fn shuffles_are_those_of_the_seed() {
    let Some(folder) = golden() else { return };
    let archive = Archive::open(&folder.join("misc.npz"));
    for count in [2, 4] {
        let drawn = archive.at(&format!("randperm{count}"));
        let wanted: Vec<usize> = drawn.integers();
        let mut found = Vec::new();
        for seed in 0..drawn.shape[0] {
            let mut generator = rand_mt::Mt::new(seed as u32);
            for _ in 0..drawn.shape[1] {
                found.extend(permutation(&mut generator, count));
            }
        }
        assert_eq!(found, wanted, "{count} orders");
    }
}

#[test]
fn the_position_code_is_the_trained_one() {
    let Some(folder) = golden() else { return };
    let archive = Archive::open(&folder.join("misc.npz"));
    let found = inputs::position(&archive.at("fourier.grid").voxels(), 1280);
    let worst = difference(&found, &archive.at("fourier.out").f32());
    println!("position code: max abs difference {worst:.2e}");
    assert!(worst <= 1e-6, "{worst}");
}

#[test]
fn voxels_and_kept_points_of_every_cloud() {
    let Some(folder) = golden() else { return };
    for cloud in ["room2k", "room8k", "tiny50", "one"] {
        let archive = Archive::open(&folder.join(format!("pre_{cloud}.npz")));
        let found = voxels::voxelise(&points(&archive, "raw.points", "raw.colors"), 1280, usize::MAX);
        let rows = archive.at("pre.point_cloud").f64();
        let grid: Vec<[u32; 3]> =
            rows.chunks(9).map(|row| [row[0] as u32, row[1] as u32, row[2] as u32]).collect();
        assert_eq!(found.grid, grid, "{cloud}");
        let stable: Vec<usize> = archive.at("pre.index_stable").integers();
        assert_eq!(found.kept, stable, "{cloud}");
        assert_eq!(found.min_corner, archive.at("pre.min_extent").f64(), "{cloud}");
        // The published sort is not stable: rows for which it kept another point are not compared.
        let published: Vec<usize> = archive.at("pre.index").integers();
        let mut same = 0;
        for row in (0..grid.len()).filter(|&row| published[row] == stable[row]) {
            let wanted: Vec<f32> = rows[9 * row + 3..9 * row + 9].iter().map(|&v| v as f32).collect();
            assert_eq!(found.features[row][..], wanted[..], "{cloud}, row {row}");
            same += 1;
        }
        println!("{cloud}: {} voxels equal, features of {same} compared", grid.len());
        assert!(10 * same > 8 * grid.len(), "{cloud}: {same}");
    }
}

#[test]
fn the_clean_cloud_is_the_published_one() {
    let Some(folder) = golden() else { return };
    let archive = Archive::open(&folder.join("cleanup.npz"));
    let mut found = cleanup::clean(&points(&archive, "raw.points", "raw.colors_loaded"), 0.025);
    found.sort_by(|a, b| {
        (0..3)
            .map(|k| a.position[k].total_cmp(&b.position[k]))
            .find(|o| o.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let wanted = points(&archive, "clean.points", "clean.colors");
    assert_eq!(found.len(), wanted.len());
    let mut colours = 0;
    for (a, b) in found.iter().zip(&wanted) {
        for k in 0..3 {
            assert!((a.position[k] - b.position[k]).abs() < 1e-9, "{a:?} {b:?}");
            assert!(a.rgb[k].abs_diff(b.rgb[k]) <= 1, "{a:?} {b:?}");
            colours += usize::from(a.rgb[k] != b.rgb[k]);
        }
    }
    println!("{} points equal, {colours} of {} colour values off by one", found.len(), 3 * found.len());
}

#[test]
fn orders_cells_and_patches_of_every_stage() {
    let Some(folder) = golden() else { return };
    let mut arrays = 0;
    for cloud in ["room2k", "room8k", "tiny50", "one"] {
        let archive = Archive::open(&folder.join(format!("p64_{cloud}_fixed.npz")));
        let pyramid = Pyramid::new(&archive.at("s0.grid_coord").voxels(), &CURVES, Shuffle::Off);
        for (s, stage) in pyramid.stages.iter().enumerate() {
            let at = |name: &str| archive.at(&format!("s{s}.{name}"));
            assert_eq!(stage.grid, at("grid_coord").voxels(), "{cloud} {s}");
            assert_eq!([curves::bits(&stage.grid)][..], at("depth").integers::<u32>(), "{cloud} {s}");
            assert_eq!(stage.permutation, at("order_perm").integers::<usize>(), "{cloud} {s}");
            let joined = |pick: &dyn Fn(&serialise::Order) -> Vec<u64>| -> Vec<u64> {
                stage.orders.iter().flat_map(pick).collect()
            };
            let wide = |values: &[usize]| values.iter().map(|&v| v as u64).collect::<Vec<_>>();
            assert_eq!(joined(&|o| o.codes.clone()), at("code").integers::<u64>(), "{cloud} {s}");
            assert_eq!(joined(&|o| wide(&o.rows)), at("order").integers::<u64>(), "{cloud} {s}");
            assert_eq!(joined(&|o| wide(&o.places)), at("inverse").integers::<u64>(), "{cloud} {s}");
            let cut = serialise::patches(stage.grid.len(), 64);
            assert_eq!(cut.places, at("pad").integers::<usize>(), "{cloud} {s}");
            assert_eq!([cut.size][..], at("patch_size").integers::<usize>(), "{cloud} {s}");
            let unpadded: Vec<usize> = (0..stage.grid.len()).collect();
            assert_eq!(unpadded, at("unpad").integers::<usize>(), "{cloud} {s}");
            if let Some(coarse) = &stage.pooling {
                assert_eq!(coarse.cell, at("pool_cluster").integers::<usize>(), "{cloud} {s}");
                arrays += 1;
            }
            arrays += 9;
        }
    }
    println!("{arrays} integer arrays equal");
    assert_eq!(arrays, 4 * (5 * 9 + 4));
}

#[test]
fn shuffled_orders_of_every_stage() {
    let Some(folder) = golden() else { return };
    for (cloud, config, curves) in
        [("room2k", "p64", &CURVES[..]), ("room8k", "p1024", &CURVES), ("tiny50", "p64o2", &CURVES[..2])]
    {
        let grids = Archive::open(&folder.join(format!("p64_{cloud}_fixed.npz")));
        let archive = Archive::open(&folder.join(format!("{config}_{cloud}_seed0.npz")));
        let pyramid = Pyramid::new(&grids.at("s0.grid_coord").voxels(), curves, Shuffle::Seed(0));
        for (s, stage) in pyramid.stages.iter().enumerate() {
            let Some(wanted) = archive.get(&format!("s{s}.order_perm")) else { continue };
            assert_eq!(stage.permutation, wanted.integers::<usize>(), "{config} {cloud} {s}");
        }
    }
}

#[test]
fn the_prompt_is_the_trained_wording() {
    let Some(folder) = golden() else { return };
    let text = std::fs::read_to_string(folder.join("prompt_tokens.json")).expect("readable");
    let wanted: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for (name, task) in [("all", Task::All), ("arch", Task::Structure), ("object", Task::Objects)] {
        let found = format!(
            "{}<|point_start|><|point_pad|><|point_end|>{}",
            prompt::BEFORE,
            prompt::after(task, &[])
        );
        assert_eq!(Some(found.as_str()), wanted["prompts"][name]["text"].as_str(), "{name}");
    }
}

/// `ROOMWRIGHT_TEST_TOKENIZER` names a `tokenizer.json` of Qwen2.5 (with or without point tokens).
#[test]
fn the_prompt_has_the_trained_tokens() {
    let Some(folder) = golden() else { return };
    let Some(path) = std::env::var_os("ROOMWRIGHT_TEST_TOKENIZER") else {
        println!("skipped: ROOMWRIGHT_TEST_TOKENIZER names no tokenizer.json of Qwen2.5");
        return;
    };
    let text = std::fs::read_to_string(folder.join("prompt_tokens.json")).expect("readable");
    let wanted: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let ids =
        |value: &serde_json::Value| -> Vec<u32> { serde_json::from_value(value.clone()).expect("tokens") };
    let text = std::fs::read_to_string(path).expect("readable");
    let mut tokenizer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    // The point tokens of SpatialLM follow those of Qwen2.5.
    let added = tokenizer["added_tokens"].as_array_mut().expect("added tokens");
    added.retain(|token| token["id"].as_u64().is_some_and(|id| id <= 151_664));
    let mut template = added.last().expect("some").clone();
    template["special"] = true.into();
    for (name, id) in [("start", 151_665), ("end", 151_666), ("pad", 151_667)] {
        (template["id"], template["content"]) = (id.into(), format!("<|point_{name}|>").into());
        added.push(template.clone());
    }
    let file = tempfile::tempdir().expect("a temporary folder");
    let path = file.path().join("tokenizer.json");
    std::fs::write(&path, tokenizer.to_string()).expect("written");
    let spec = LayoutDecoder {
        layers: 24,
        key_value_heads: 2,
        head_width: 64,
        width: 896,
        vocabulary: 151_936,
        context: 32_768,
        point_start: 151_665,
        point_pad: 151_667,
        point_end: 151_666,
        stop: vec![151_645],
        repetition_penalty: 1.0,
    };
    let vocabulary = Vocabulary::open(&path, &spec).expect("it fits");
    for (name, task) in [("all", Task::All), ("arch", Task::Structure), ("object", Task::Objects)] {
        let prompt = vocabulary.prompt(task, &[], &spec).expect("a prompt");
        let (before, after) =
            (ids(&wanted["prompts"][name]["before"]), ids(&wanted["prompts"][name]["after"]));
        assert_eq!(prompt.ids, [before, vec![151_665, 151_667, 151_666], after].concat(), "{name}");
    }
    let said = "wall_0=Wall(12,34,5,210,34,5,104,0)\nbbox_0=Bbox(dining_table,60,60,15,640,64,51,48)";
    let mut text_of = vocabulary.reader();
    let back: String =
        vocabulary.encode(said).expect("tokens").into_iter().map(|id| text_of(id).expect("text")).collect();
    assert_eq!(back, said);
}
