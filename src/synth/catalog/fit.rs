//! Which catalogue model an item becomes, and what that does to its box.
//!
//! A model may be stretched by [`STRETCH`] along each axis to fit its item's box. Where it is
//! smaller still, the box of an item that carries nothing shrinks to the model, keeping its back and
//! what carries it: a box inside the former one hits nothing, so the house stays consistent. The
//! choice hangs on the item's look alone: the same house with and without models differs in nothing
//! else.

use super::super::placement::{Item, Mount};
use super::super::shape::Shape;
use super::{Catalog, MeshSplit, kinds};
use std::collections::BTreeSet;

/// Most change of a model's size along an axis, share.
const STRETCH: f64 = 0.15;
/// Share of an axis that a box keeps at least.
const MIN_KEPT: f64 = 0.75;
/// Items out of 100 that become a catalogue model where one fits.
const MESH_PERCENT: u32 = 75;

/// Gives items of a house catalogue models.
pub fn dress(items: &mut [Item], catalog: &Catalog, split: MeshSplit) {
    let carrying: BTreeSet<usize> = items
        .iter()
        .filter_map(|item| if let Mount::On(base) = item.mount { Some(base) } else { None })
        .collect();
    let admitted: Vec<usize> =
        (0..catalog.entries.len()).filter(|&i| catalog.entries[i].is_in(split)).collect();
    for (index, item) in items.iter_mut().enumerate() {
        let draw = scrambled(item.look);
        if draw % 100 >= MESH_PERCENT {
            continue;
        }
        let fixed = carrying.contains(&index) || stands_in_a_row(item.shape);
        let fitting: Vec<(usize, [f64; 3])> = admitted
            .iter()
            .filter(|&&i| kinds::matches(item.shape, &catalog.entries[i].name))
            .filter_map(|&i| fitted(item.size, catalog.entries[i].size_m, fixed).map(|size| (i, size)))
            .collect();
        // From the drawn one on, the first that can be read.
        let first = (draw / 100) as usize;
        let found = (0..fitting.len()).find_map(|k| {
            let (i, size) = fitting[(first + k) % fitting.len()];
            catalog.model(i).map(|model| (model, size))
        });
        if let Some((model, size)) = found {
            shrink(item, size);
            item.model = Some(model);
        }
    }
}

/// Units of kitchen runs keep their box, so that no gaps open between them.
fn stands_in_a_row(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Counter | Shape::SinkCounter | Shape::Stove | Shape::WallCabinet | Shape::RangeHood
    )
}

/// Box of a model in an item's place, or none when it does not fit.
fn fitted(item: [f64; 3], model: [f64; 3], fixed: bool) -> Option<[f64; 3]> {
    let mut size = item;
    for axis in 0..3 {
        let most = model[axis] * (1.0 + STRETCH);
        if item[axis] < model[axis] * (1.0 - STRETCH) || (fixed && item[axis] > most) {
            return None;
        }
        size[axis] = item[axis].min(most);
        if size[axis] < MIN_KEPT * item[axis] {
            return None;
        }
    }
    Some(size)
}

/// Shrinks a box towards its back and towards what carries it.
fn shrink(item: &mut Item, size: [f64; 3]) {
    let front = item.front();
    let back = 0.5 * (item.size[1] - size[1]);
    item.center[0] -= front[0] * back;
    item.center[1] -= front[1] * back;
    let drop = 0.5 * (item.size[2] - size[2]);
    item.center[2] += if item.mount == Mount::Ceiling { drop } else { -drop };
    item.size = size;
}

fn scrambled(look: u32) -> u32 {
    let mut h = look ^ 0x6D65_7368;
    h = (h ^ (h >> 16)).wrapping_mul(0x7FEB_352D);
    h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
    h ^ (h >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_only_shrink_and_models_stretch_a_little() {
        assert_eq!(fitted([1.0; 3], [1.1, 0.9, 1.0], false), Some([1.0; 3]));
        assert_eq!(fitted([1.0; 3], [1.3, 1.0, 1.0], false), None);
        let size = fitted([1.0; 3], [0.8, 1.0, 1.0], false).unwrap();
        assert!((size[0] - 0.92).abs() < 1e-12 && size[1] == 1.0);
        assert_eq!(fitted([1.0; 3], [0.8, 1.0, 1.0], true), None);
        assert_eq!(fitted([1.0; 3], [0.6, 1.0, 1.0], false), None);
    }
}
