//! Tests of the catalogue with a hand-made library, and with the Debian package where installed.

use super::*;
use crate::synth::house::generate;
use std::io::Write;

const LIST: &str = "name=Tests\nlicense=CC0\nid#1=T#chest\nname#1=Wardrobe\nmodel#1=/m/chest.obj\nwidth#1=140\n\
    depth#1=60\nheight#1=200\ncreator#1=Nobody\nid#2=T#broken\nname#2=Wardrobe\nmodel#2=/m/broken.obj\n\
    width#2=140\ndepth#2=60\nheight#2=200\nid#3=T#door\nname#3=Wardrobe\nmodel#3=/m/door.obj\nwidth#3=90\n\
    depth#3=5\nheight#3=200\ndoorOrWindow#3=true\n";
const CHEST: &str = "mtllib chest.mtl\nv 0 0 0\nv 14 0 0\nv 14 20 0\nv 0 20 0\nv 0 0 6\nv 14 0 6\nv 14 20 6\n\
    v 0 20 6\nusemtl Front\nf 5 6 7 8\nusemtl Rest\nf 1 2 3 4\nf 1 2 6 5\nf 4 3 7 8\nf 1 4 8 5\nf 2 3 7 6\n";
const COLORS: &str = "newmtl Front\nKd 1 0 0\nnewmtl Rest\nKd 0.2 0.2 0.2\n";

fn files() -> [(&'static str, &'static str); 4] {
    [
        ("PluginFurnitureCatalog.properties", LIST),
        ("m/chest.obj", CHEST),
        ("m/chest.mtl", COLORS),
        ("m/broken.obj", "v 1 2 x\nf 1 2 3\n"),
    ]
}

fn archive(path: &Path) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, text) in files() {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

fn options(folder: &Path, split: MeshSplit) -> HouseOptions {
    HouseOptions { mesh_split: split, mesh_folder: folder.to_owned(), ..HouseOptions::default() }
}

#[test]
fn archives_and_folders_are_read_alike() {
    let (packed, unpacked) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    archive(&packed.path().join("a.sh3f"));
    std::fs::create_dir(unpacked.path().join("m")).unwrap();
    for (name, text) in files() {
        std::fs::write(unpacked.path().join(name), text).unwrap();
    }
    for folder in [&packed, &unpacked] {
        let catalog = Catalog::read(folder.path());
        assert_eq!(catalog.entries.len(), 2, "the door is no furniture");
        let chest = catalog.model(1).expect("the chest can be read");
        assert_eq!(chest.entry.size_m, [1.4, 0.6, 2.0]);
        assert_eq!((chest.facets.len(), chest.regions().len()), (12, 6));
        // The red face has z = 6 in the file and is the front, at −y.
        let front: Vec<_> =
            chest.facets.iter().filter(|f| chest.materials[f.material].color[0] > 0.5).collect();
        assert_eq!(front.len(), 2);
        assert!(front.iter().all(|f| f.p.iter().all(|p| (p[1] + 0.5).abs() < 1e-9)));
        assert!(catalog.model(0).is_none());
        let problems = catalog.problems();
        assert!(problems.len() == 1 && problems[0].0 == "T#broken", "{problems:?}");
    }
}

#[test]
fn a_house_with_models_stays_consistent_and_names_their_makers() {
    let folder = tempfile::tempdir().unwrap();
    archive(&folder.path().join("a.sh3f"));
    let mut dressed = 0;
    for seed in 0..12 {
        let house = generate(seed, &options(folder.path(), MeshSplit::All));
        let plain = generate(seed, &HouseOptions::default());
        assert_eq!(house.items.len(), plain.items.len());
        for (item, before) in house.items.iter().zip(&plain.items) {
            for p in item.footprint(-1e-9) {
                assert!(before.plan_distance(p) < 1e-9, "a box grew");
            }
            assert!((item.z_range()[0] - before.z_range()[0]).abs() < 1e-9);
            if item.model.is_some() {
                dressed += 1;
                let text = attribution(&house.items).unwrap();
                assert!(text.contains("T#chest") && text.contains("Nobody") && text.contains("CC0"));
            }
        }
        if house.items.iter().any(|i| i.model.is_some()) {
            assert!(house.mesh().charts.iter().any(|c| c.two_sided));
        }
    }
    assert!(dressed > 0);
}

#[test]
fn an_absent_folder_is_a_warning_and_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder.path().join("none"), MeshSplit::Training);
    assert_eq!(generate(3, &options), generate(3, &HouseOptions::default()));
    let reporter = Reporter::default();
    report(&options, &reporter);
    assert_eq!(reporter.warnings()[0].code, "no-meshes");
}

#[test]
fn the_debian_package_serves_training_and_validation_apart() {
    let catalog = Catalog::of_folder(Path::new(USUAL_FOLDER));
    if catalog.entries.is_empty() {
        eprintln!("skipped: sweethome3d-furniture is not installed");
        return;
    }
    let kept_out = catalog.entries.iter().filter(|e| e.is_validation()).count();
    let share = kept_out as f64 / catalog.entries.len() as f64;
    assert!((0.1..0.3).contains(&share), "{kept_out} of {}", catalog.entries.len());
    for (split, validation) in [(MeshSplit::Training, false), (MeshSplit::Validation, true)] {
        let options = options(Path::new(USUAL_FOLDER), split);
        let mut dressed = 0;
        for seed in 0..4 {
            let house = generate(seed, &options);
            assert_eq!(house, generate(seed, &options));
            let models = house.items.iter().filter_map(|i| i.model.as_ref());
            dressed += models.clone().count();
            assert!(models.clone().all(|m| m.entry.is_validation() == validation));
            let scene = crate::physics::make_consistent(
                &house.draft(),
                &crate::physics::Options::default(),
                crate::scene::Provenance::default(),
                &Reporter::default(),
            )
            .unwrap();
            let figures = crate::physics::check(&scene, Some(&house.draft()));
            assert_eq!(figures.collision.colliding, 0, "seed {seed}");
            assert!(figures.in_bounds.failing.is_empty(), "seed {seed}");
        }
        assert!(dressed > 0, "{split:?}");
    }
}
