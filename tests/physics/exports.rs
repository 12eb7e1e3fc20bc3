//! Files as other programs see them.

use super::drafts::{noisy, truth};
use super::repair::repaired;
use roomwright::export::{exporters, glb, mjcf, usda};
use roomwright::scene::{Scene, Support};
use std::collections::BTreeSet;

fn scene() -> Scene {
    repaired(&noisy(&truth(9), 9))
}

fn ids(scene: &Scene) -> Vec<String> {
    let mut ids: Vec<String> = scene.walls.iter().map(|x| x.id.to_string()).collect();
    ids.extend(scene.openings.iter().map(|x| x.id.to_string()));
    ids.extend(scene.objects.iter().map(|x| x.id.to_string()));
    ids.extend(scene.rooms.iter().map(|x| x.id.to_string()));
    ids
}

#[test]
fn the_glb_has_one_node_per_element_and_no_required_extension() {
    let scene = scene();
    let bytes = glb(&scene).unwrap();
    let read = gltf::Gltf::from_slice(&bytes).expect("another reader opens it");
    let names: Vec<&str> = read.nodes().filter_map(|node| node.name()).collect();
    assert_eq!(names.len(), read.nodes().count(), "every node has a name");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "names are unique");
    for id in ids(&scene) {
        assert!(names.contains(&id.as_str()), "{id} has no node");
    }
    assert_eq!(read.scenes().count(), 1);
    assert_eq!(read.scenes().next().unwrap().nodes().count(), 1, "one root");
    assert_eq!(read.extensions_required().count(), 0);
    assert!(read.extensions_used().any(|name| name == "KHR_physics_rigid_bodies"));
    let opening = &scene.openings[0];
    let wall = read.nodes().find(|node| node.name() == Some(&opening.wall.to_string())).unwrap();
    assert!(
        wall.children().any(|child| child.name() == Some(&opening.id.0)),
        "openings hang under their wall"
    );
}

#[test]
fn the_glb_is_y_up_and_in_metres() {
    let scene = scene();
    let bytes = glb(&scene).unwrap();
    let read = gltf::Gltf::from_slice(&bytes).unwrap();
    for object in &scene.objects {
        let node = read.nodes().find(|node| node.name() == Some(&object.id.0)).unwrap();
        let (translation, rotation, scale) = node.transform().decomposed();
        let [x, y, z] = object.center;
        let expected = [x as f32, z as f32, -y as f32];
        assert!(translation.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(scale, [1.0; 3]);
        assert!((f64::from(rotation[1]) - (0.5 * object.yaw).sin()).abs() < 1e-6);
        let bounds = node.mesh().unwrap().primitives().next().unwrap().bounding_box();
        let size = [object.size[0], object.size[2], object.size[1]];
        for axis in 0..3 {
            assert!((f64::from(bounds.max[axis] - bounds.min[axis]) - size[axis]).abs() < 1e-5);
        }
    }
}

#[test]
fn identifiers_are_in_every_format() {
    let scene = scene();
    let (mjcf, usda) = (mjcf(&scene), usda(&scene));
    for object in &scene.objects {
        assert!(mjcf.contains(&format!("name=\"{}\"", object.id)), "{}", object.id);
        assert!(usda.contains(&format!("\"{}\"", object.id)), "{}", object.id);
    }
    assert!(scene.objects.iter().any(|object| object.support == Support::Floor));
}

#[test]
fn every_exporter_replaces_its_files_and_leaves_nothing_else() {
    let scene = scene();
    let folder = tempfile::tempdir().unwrap();
    for exporter in exporters() {
        let first = exporter.export(&scene, folder.path()).unwrap();
        let bytes: Vec<Vec<u8>> = first.iter().map(|path| std::fs::read(path).unwrap()).collect();
        let again = exporter.export(&scene, folder.path()).unwrap();
        assert_eq!(first, again);
        for (path, bytes) in first.iter().zip(bytes) {
            assert_eq!(std::fs::read(path).unwrap(), bytes, "{}", path.display());
        }
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("tmp")), "{left:?}");
}
