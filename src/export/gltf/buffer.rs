//! The binary chunk: positions and indices of all meshes.
//!
//! Positions go from Z up to glTF's Y up here, (x, y, z) → (x, z, −y), in single precision. Normals
//! are left out: glTF then demands flat shading, and shared vertices keep every mesh closed.

use crate::export::mesh::Mesh;
use gltf_json as json;
use json::validation::Checked::Valid;
use json::validation::USize64;
use std::collections::BTreeMap;

/// Bytes of a position.
const POSITION_BYTES: usize = 12;

/// Y up from Z up.
pub(super) fn y_up(p: [f64; 3]) -> [f64; 3] {
    [p[0], p[2], 0.0 - p[1]]
}

/// The two buffer views under construction.
#[derive(Default)]
pub(super) struct Buffer {
    positions: Vec<u8>,
    indices: Vec<u8>,
    position_accessors: Vec<json::Accessor>,
    index_accessors: Vec<json::Accessor>,
    primitives: Vec<(String, json::Index<json::Material>)>,
}

impl Buffer {
    /// Adds a mesh; returns its number among the meshes.
    pub fn add(&mut self, mesh: &Mesh, name: &str, material: json::Index<json::Material>) -> u32 {
        let mut low = [f32::INFINITY; 3];
        let mut high = [f32::NEG_INFINITY; 3];
        let offset = self.positions.len();
        for &position in &mesh.positions {
            for (axis, value) in y_up(position).into_iter().enumerate() {
                let value = value as f32 + 0.0;
                low[axis] = low[axis].min(value);
                high[axis] = high[axis].max(value);
                self.positions.extend(value.to_le_bytes());
            }
        }
        let bounds = |v: [f32; 3]| Some(json::Value::from(v.to_vec()));
        self.position_accessors.push(json::Accessor {
            min: bounds(low),
            max: bounds(high),
            ..accessor(
                offset,
                mesh.positions.len(),
                json::accessor::ComponentType::F32,
                json::accessor::Type::Vec3,
            )
        });
        let offset = self.indices.len();
        for index in mesh.triangles.iter().flatten() {
            self.indices.extend(index.to_le_bytes());
        }
        self.index_accessors.push(accessor(
            offset,
            3 * mesh.triangles.len(),
            json::accessor::ComponentType::U32,
            json::accessor::Type::Scalar,
        ));
        self.primitives.push((name.to_owned(), material));
        (self.primitives.len() - 1) as u32
    }

    /// Puts buffer, views, accessors and meshes into the root; returns the binary chunk.
    pub fn finish(self, root: &mut json::Root) -> Vec<u8> {
        let mut bytes = self.positions;
        let split = bytes.len();
        bytes.extend(&self.indices);
        if bytes.is_empty() {
            return bytes;
        }
        let buffer = root.push(json::Buffer {
            byte_length: USize64::from(bytes.len()),
            name: None,
            uri: None,
            extensions: None,
            extras: None,
        });
        let view = |offset: usize, length: usize, target, stride: Option<usize>| json::buffer::View {
            buffer,
            byte_length: USize64::from(length),
            byte_offset: Some(USize64::from(offset)),
            byte_stride: stride.map(json::buffer::Stride),
            name: None,
            target: Some(Valid(target)),
            extensions: None,
            extras: None,
        };
        let positions = root.push(view(0, split, json::buffer::Target::ArrayBuffer, Some(POSITION_BYTES)));
        let indices =
            root.push(view(split, bytes.len() - split, json::buffer::Target::ElementArrayBuffer, None));
        let accessors = self.position_accessors.into_iter().zip(self.index_accessors);
        for ((position, index), (name, material)) in accessors.zip(self.primitives) {
            let position = root.push(json::Accessor { buffer_view: Some(positions), ..position });
            let index = root.push(json::Accessor { buffer_view: Some(indices), ..index });
            root.push(json::Mesh {
                name: Some(name),
                primitives: vec![json::mesh::Primitive {
                    attributes: BTreeMap::from([(Valid(json::mesh::Semantic::Positions), position)]),
                    indices: Some(index),
                    material: Some(material),
                    mode: Valid(json::mesh::Mode::Triangles),
                    targets: None,
                    extensions: None,
                    extras: None,
                }],
                weights: None,
                extensions: None,
                extras: None,
            });
        }
        bytes
    }
}

fn accessor(
    offset: usize,
    count: usize,
    component: json::accessor::ComponentType,
    type_: json::accessor::Type,
) -> json::Accessor {
    json::Accessor {
        buffer_view: None,
        byte_offset: Some(USize64::from(offset)),
        count: USize64::from(count),
        component_type: Valid(json::accessor::GenericComponentType(component)),
        type_: Valid(type_),
        min: None,
        max: None,
        name: None,
        normalized: false,
        sparse: None,
        extensions: None,
        extras: None,
    }
}
