//! One shard of a data set: tiles as tensors in a safetensors file.

use super::super::error::Error;
use super::faces::{COLUMNS, Elevation};
use super::tile::Tile;
use crate::export::write_atomically;
use crate::layout::network::elevations::{CHANNELS, ROWS};
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::path::Path;

/// What the tensors of a shard are, for `dataset.json`.
pub const DESCRIPTION: &str = "input u8 [tiles, channels, y, x], 0..255 for 0..1; \
    interior u8 [tiles, y/2, x/2], 1 inside a room; \
    walls f32 [n, 8]: tile, ax, ay, bx, by (m, from the tile's corner), height, thickness, seen share; \
    openings f32 [n, 10]: tile, kind (0 door, 1 window), x, y, z of the centre, width, height, \
    direction x, direction y, seen share; \
    boxes f32 [n, 10]: tile, class index, x, y, z, yaw, sizes x, y, z, seen share; \
    scale f32 [tiles]: logarithm of the cloud's scale over the true one; elements are in the cloud's scale";

/// What the tensors of a shard of faces are.
pub const FACES: &str = "faces u8 [faces, channels, rows, columns], 0..255 for 0..1; \
    things f32 [n, 9]: face, class index, middle (columns from the left, rows from the bottom), width, height, \
    distance of the middle from the face, depth (m), seen share";

/// Writes tiles of one size: their plans, or the faces of their walls.
///
/// # Errors
/// [`Error`] when the file cannot be written.
pub fn write(path: &Path, tiles: &[Tile], faces: bool) -> Result<(), Error> {
    if faces {
        return write_faces(path, &Elevation::all(tiles));
    }
    let cells = tiles[0].cells;
    let channels = tiles[0].input.len() / (cells * cells);
    let input: Vec<u8> = tiles.iter().flat_map(|t| &t.input).copied().collect();
    let interior: Vec<u8> = tiles.iter().flat_map(|t| &t.interior).copied().collect();
    let scale = floats(tiles.iter().map(|t| t.log_scale));
    let walls = rows(tiles, |t| &t.elements.walls);
    let openings = rows(tiles, |t| &t.elements.openings);
    let boxes = rows(tiles, |t| &t.elements.boxes);
    let half = cells / 2;
    let tensors = [
        ("boxes", Dtype::F32, vec![boxes.len() / 40, 10], &boxes),
        ("input", Dtype::U8, vec![tiles.len(), channels, cells, cells], &input),
        ("interior", Dtype::U8, vec![tiles.len(), half, half], &interior),
        ("openings", Dtype::F32, vec![openings.len() / 40, 10], &openings),
        ("scale", Dtype::F32, vec![tiles.len()], &scale),
        ("walls", Dtype::F32, vec![walls.len() / 32, 8], &walls),
    ];
    save(path, &tensors)
}

fn write_faces(path: &Path, faces: &[&Elevation]) -> Result<(), Error> {
    let input: Vec<u8> = faces.iter().flat_map(|face| &face.input).copied().collect();
    let things = rows(faces, |face| &face.things);
    let tensors = [
        ("faces", Dtype::U8, vec![faces.len(), CHANNELS, ROWS, COLUMNS], &input),
        ("things", Dtype::F32, vec![things.len() / 36, 9], &things),
    ];
    save(path, &tensors)
}

fn save(path: &Path, tensors: &[(&str, Dtype, Vec<usize>, &Vec<u8>)]) -> Result<(), Error> {
    let mut views = Vec::new();
    for (name, dtype, shape, data) in tensors {
        let view = TensorView::new(*dtype, shape.clone(), data).map_err(|e| Error::Shard(e.to_string()))?;
        views.push((*name, view));
    }
    let bytes = serialize(views, None).map_err(|e| Error::Shard(e.to_string()))?;
    write_atomically(path, &bytes)?;
    Ok(())
}

/// The rows of all tiles or faces behind each other, each with its number in front.
fn rows<T, const N: usize>(tiles: &[T], of: impl Fn(&T) -> &Vec<[f64; N]>) -> Vec<u8> {
    floats(tiles.iter().enumerate().flat_map(|(index, tile)| {
        of(tile).iter().flat_map(move |row| std::iter::once(index as f64).chain(*row))
    }))
}

fn floats(values: impl Iterator<Item = f64>) -> Vec<u8> {
    values.flat_map(|v| (v as f32).to_le_bytes()).collect()
}
