//! The exported encoder against every array of the published one.

use super::export::Exported;
use super::npz::Archive;
use super::{difference, golden};
use roomwright::layout::spatiallm::encoder;
use roomwright::layout::spatiallm::inputs::{self, Pyramid, Shuffle};
use roomwright::layout::spatiallm::voxels::Voxels;

/// Largest difference of any value; those of the reference go up to about 10.
const TOLERANCE: f32 = 1e-4;

/// The published model input as voxels.
pub fn voxels(archive: &Archive) -> Voxels {
    let rows = archive.at("pre.point_cloud").f64().chunks(9);
    Voxels {
        grid: rows.clone().map(|row| [row[0] as u32, row[1] as u32, row[2] as u32]).collect(),
        features: rows.clone().map(|row| std::array::from_fn(|k| row[3 + k] as f32)).collect(),
        kept: Vec::new(),
        min_corner: [0.0; 3],
        occupied: rows.len(),
    }
}

/// Compares all arrays that graph and reference share; gives how many there were and the worst.
fn compare(exported: &Exported, config: &str, cloud: &str, run: &str, shuffle: Shuffle) -> (usize, f32) {
    let folder = golden().expect("it was there for the exporter");
    let reference = Archive::open(&folder.join(format!("{config}_{cloud}_{run}.npz")));
    let voxels = voxels(&Archive::open(&folder.join(format!("pre_{cloud}.npz"))));
    let model = exported.registry.find("spatiallm_encoder").expect("exported");
    let spec = model.entry.point_encoder.clone().expect("described");
    let pyramid = Pyramid::new(&voxels.grid, &spec.orders, shuffle);
    let outputs = encoder::run(model, &inputs::tensors(&voxels, &pyramid, &spec), 2).expect("it runs");
    let (mut count, mut worst) = (0, 0.0);
    for (name, tensor) in &outputs {
        let Some(wanted) = reference.get(name) else { continue };
        let found = tensor.as_f32().expect("floats");
        assert_eq!(tensor.shape, wanted.shape, "{config} {cloud} {run} {name}");
        let off = difference(found, &wanted.f32());
        assert!(off <= TOLERANCE, "{config} {cloud} {run} {name}: {off}");
        worst = f32::max(worst, off);
        count += 1;
    }
    println!("{config} {cloud} {run}: {count} arrays, max abs difference {worst:.2e}");
    (count, worst)
}

/// All clouds of the checkpoint with patches of 64.
pub fn patches_of_64(exported: &Exported) {
    let mut counts = Vec::new();
    for cloud in ["room2k", "tiny50", "one", "room8k"] {
        counts.push(compare(exported, "p64", cloud, "fixed", Shuffle::Off).0);
    }
    // Embedding, six arrays of each traced block, two of each pooling, concatenation and tokens.
    assert!(counts[..3].iter().all(|&count| count >= 50) && counts[3] >= 7, "{counts:?}");
    for cloud in ["room2k", "tiny50", "room8k"] {
        assert!(compare(exported, "p64", cloud, "seed0", Shuffle::Seed(0)).0 >= 3);
    }
}

/// All clouds of the checkpoint with patches of 1024.
pub fn patches_of_1024(exported: &Exported) {
    for cloud in ["room2k", "tiny50", "room8k"] {
        assert!(compare(exported, "p1024", cloud, "fixed", Shuffle::Off).0 >= 6);
        assert!(compare(exported, "p1024", cloud, "seed0", Shuffle::Seed(0)).0 >= 3);
    }
}

/// Both clouds of the checkpoint with two orders.
pub fn two_orders(exported: &Exported) {
    for cloud in ["room2k", "tiny50"] {
        assert!(compare(exported, "p64o2", cloud, "fixed", Shuffle::Off).0 >= 2);
        assert!(compare(exported, "p64o2", cloud, "seed0", Shuffle::Seed(0)).0 >= 2);
    }
}
