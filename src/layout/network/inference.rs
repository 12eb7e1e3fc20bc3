//! Pillars through the network: `(session, pillars) -> Maps`.
//!
//! All layers are local, so a plan is cut into tiles with margins and the middles are put together:
//! time grows linearly with the area, memory does not grow with it.

use super::super::plan::Raster;
use super::maps::{Grid, Maps};
use super::pillars::{CELL_M, CHANNELS, Pillars, Window};
use crate::nn::{Error, LayoutMaps, Session, Tensor};

/// Pillars along a side of a tile without its margins (25.6 m): most flats are one tile.
const TILE: usize = 512;
/// Margin of a tile, pillars (6.4 m): what the network's sight needs beyond the tile.
const MARGIN: usize = 128;

/// Window over a rectangle of the plan, a multiple of `multiple` pillars each way from `anchor`: a scene keeps
/// its phase on the grid of the network's coarsest layer wherever its outermost points happen to lie.
#[must_use]
pub fn window(min: [f64; 2], max: [f64; 2], anchor: [f64; 2], multiple: usize) -> Window {
    let step_m = multiple as f64 * CELL_M;
    let steps = [0, 1].map(|axis| {
        let first = ((min[axis] - anchor[axis]) / step_m).floor();
        let last = ((max[axis] - anchor[axis]) / step_m).ceil();
        (first, (last - first).max(1.0) as usize)
    });
    Window {
        origin_m: [0, 1].map(|axis| anchor[axis] + steps[axis].0 * step_m),
        size: steps.map(|(_, count)| count * multiple),
    }
}

/// Part of one axis: core and the same with margins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    core: (usize, usize),
    whole: (usize, usize),
}

fn parts(cells: usize) -> impl Iterator<Item = Part> + Clone {
    (0..cells).step_by(TILE).map(move |start| {
        let end = (start + TILE).min(cells);
        Part { core: (start, end), whole: (start.saturating_sub(MARGIN), (end + MARGIN).min(cells)) }
    })
}

/// Runs the network over all tiles.
///
/// # Errors
/// When the network does not run or its outputs do not have the channels and sizes of a layout network.
pub fn run(session: &mut Session, spec: &LayoutMaps, pillars: &Pillars) -> Result<Maps, Error> {
    let [width, height] = pillars.window.size;
    let classes = crate::scene::classes::CLASSES.len();
    let names = crate::nn::layout_maps::OUTPUTS;
    let channels = [1, 1, 6, 1, 2, 2, 8, classes, super::maps::LAYERS * super::maps::BOX_CHANNELS, 3];
    let mut grids: Vec<Grid> = vec![Grid::default(); names.len()];
    for rows in parts(height) {
        for columns in parts(width) {
            let outputs = session.run(&[(&spec.pillars, &input(pillars, &columns, &rows))])?;
            for (k, name) in names.iter().enumerate() {
                let unfit = |cause: String| Error::Tensor {
                    id: session.model().entry.id.clone(),
                    name: (*name).to_owned(),
                    cause,
                };
                let found = outputs.iter().find(|output| output.0 == *name);
                let found = found.ok_or_else(|| unfit("the network does not give it".to_owned()))?;
                let tile = grid(&found.1).filter(|tile| tile.channels == channels[k]);
                let tile = tile.ok_or_else(|| {
                    unfit(format!("{} channels are needed, the shape is {:?}", channels[k], found.1.shape))
                })?;
                let step = (columns.whole.1 - columns.whole.0) / tile.width.max(1);
                if step == 0 || !spec.multiple.is_multiple_of(step) || tile.height == 0 {
                    return Err(unfit(format!("a tile is {} x {}", tile.width, tile.height)));
                }
                if grids[k].values.is_empty() {
                    grids[k] = Grid::zeros(channels[k], width / step, height / step);
                }
                paste(&mut grids[k], &tile, step, &columns, &rows);
            }
        }
    }
    let pixel_m = CELL_M * spec.stride as f64;
    let raster = Raster {
        origin: pillars.window.origin_m,
        pixel_m,
        width: width / spec.stride,
        height: height / spec.stride,
    };
    if grids[..9].iter().any(|g| (g.width, g.height) != (raster.width, raster.height)) {
        return Err(Error::Tensor {
            id: session.model().entry.id.clone(),
            name: names[1].to_owned(),
            cause: format!("the stride is not {}", spec.stride),
        });
    }
    let [interior, wall_heat, wall, corner_heat, corner, opening_heat, opening, box_heat, boxes, scale] =
        <[Grid; 10]>::try_from(grids).expect("because there is one grid for each of the ten names");
    Ok(Maps {
        raster,
        interior,
        wall_heat,
        wall,
        corner_heat,
        corner,
        opening_heat,
        opening,
        box_heat,
        boxes,
        scale,
    })
}

fn input(pillars: &Pillars, columns: &Part, rows: &Part) -> Tensor {
    let [width, height] = pillars.window.size;
    let (w, h) = (columns.whole.1 - columns.whole.0, rows.whole.1 - rows.whole.0);
    let mut values = Vec::with_capacity(CHANNELS * w * h);
    for channel in 0..CHANNELS {
        for y in rows.whole.0..rows.whole.1 {
            let row = (channel * height + y) * width;
            let bytes = &pillars.values[row + columns.whole.0..row + columns.whole.1];
            values.extend(bytes.iter().map(|&v| f32::from(v) / 255.0));
        }
    }
    Tensor::f32(&[1, CHANNELS, h, w], values).expect("because as many values were pushed as the shape holds")
}

fn grid(tensor: &Tensor) -> Option<Grid> {
    let &[1, channels, height, width] = tensor.shape.as_slice() else { return None };
    Some(Grid { channels, width, height, values: tensor.as_f32()?.to_vec() })
}

/// Copies the middle of a tile.
fn paste(to: &mut Grid, tile: &Grid, step: usize, columns: &Part, rows: &Part) {
    let cells = |from: usize| from / step;
    for channel in 0..to.channels {
        for y in cells(rows.core.0)..cells(rows.core.1).min(to.height) {
            let source = (channel * tile.height + y - cells(rows.whole.0)) * tile.width;
            let target = (channel * to.height + y) * to.width;
            let (x0, x1) = (cells(columns.core.0), cells(columns.core.1));
            let shift = cells(columns.whole.0);
            to.values[target + x0..target + x1]
                .copy_from_slice(&tile.values[source + x0 - shift..source + x1 - shift]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_the_rectangle_and_parts_cover_every_cell_once() {
        let hold = |max: [f64; 2]| {
            let window = window([-1.0, 2.0], max, [0.7, 2.01], 16);
            for axis in 0..2 {
                let last = window.origin_m[axis] + window.size[axis] as f64 * CELL_M;
                assert!(window.origin_m[axis] <= [-1.0, 2.0][axis] && last >= max[axis], "{window:?}");
                assert!(window.size[axis].is_multiple_of(16));
            }
            window
        };
        let (first, second) = (hold([3.03, 2.2]), hold([3.4, 2.2]));
        assert_eq!(first.origin_m, second.origin_m, "another extent leaves the phase");
        assert_eq!(first.size, [96, 32]);
        let all: Vec<Part> = parts(1200).collect();
        assert_eq!(all.iter().map(|p| p.core).collect::<Vec<_>>(), [(0, 512), (512, 1024), (1024, 1200)]);
        assert_eq!(all[1].whole, (384, 1152));
    }
}
