//! One shard of a data set: tiles as tensors in a safetensors file.

use super::super::error::Error;
use super::tile::Tile;
use crate::export::write_atomically;
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

/// Writes tiles of one size.
///
/// # Errors
/// [`Error`] when the file cannot be written.
pub fn write(path: &Path, tiles: &[Tile]) -> Result<(), Error> {
    let cells = tiles[0].cells;
    let channels = tiles[0].input.len() / (cells * cells);
    let input: Vec<u8> = tiles.iter().flat_map(|t| &t.input).copied().collect();
    let interior: Vec<u8> = tiles.iter().flat_map(|t| &t.interior).copied().collect();
    let scale = floats(tiles.iter().map(|t| t.log_scale));
    let walls = rows(tiles, |t| &t.walls);
    let openings = rows(tiles, |t| &t.openings);
    let boxes = rows(tiles, |t| &t.boxes);
    let half = cells / 2;
    let tensors = [
        ("boxes", Dtype::F32, vec![boxes.len() / 40, 10], &boxes),
        ("input", Dtype::U8, vec![tiles.len(), channels, cells, cells], &input),
        ("interior", Dtype::U8, vec![tiles.len(), half, half], &interior),
        ("openings", Dtype::F32, vec![openings.len() / 40, 10], &openings),
        ("scale", Dtype::F32, vec![tiles.len()], &scale),
        ("walls", Dtype::F32, vec![walls.len() / 32, 8], &walls),
    ];
    let mut views = Vec::new();
    for (name, dtype, shape, data) in &tensors {
        let view = TensorView::new(*dtype, shape.clone(), data).map_err(|e| Error::Shard(e.to_string()))?;
        views.push((*name, view));
    }
    let bytes = serialize(views, None).map_err(|e| Error::Shard(e.to_string()))?;
    write_atomically(path, &bytes)?;
    Ok(())
}

/// The rows of all tiles behind each other, each with its tile's number in front.
fn rows<const N: usize>(tiles: &[Tile], of: impl Fn(&Tile) -> &Vec<[f64; N]>) -> Vec<u8> {
    floats(tiles.iter().enumerate().flat_map(|(index, tile)| {
        of(tile).iter().flat_map(move |row| std::iter::once(index as f64).chain(*row))
    }))
}

fn floats(values: impl Iterator<Item = f64>) -> Vec<u8> {
    values.flat_map(|v| (v as f32).to_le_bytes()).collect()
}
