// The scale bar of the top view: a round length in metres, as long as it is on the screen.

/** Lengths that a bar can have, metres. */
const LENGTHS_M = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
/** The bar is as long as the longest of them below this, pixels. */
const LONGEST_PX = 140;

export function attachScaleBar(stage, node) {
  stage.afterDrawing.push(() => {
    node.hidden = !stage.isTop;
    if (!stage.isTop) return;
    const fitting = LENGTHS_M.filter((length) => length / stage.metresPerPixel <= LONGEST_PX);
    const length = fitting.at(-1) ?? LENGTHS_M[0];
    node.style.width = `${(length / stage.metresPerPixel).toFixed(1)}px`;
    node.textContent = `${length} m`;
  });
}
