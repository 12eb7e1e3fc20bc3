// How elements look at the moment: faded, selected, edges.

import * as THREE from 'three';
import { LineSegments2 } from 'three/examples/jsm/lines/LineSegments2.js';
import { LineSegmentsGeometry } from 'three/examples/jsm/lines/LineSegmentsGeometry.js';
import { LineMaterial } from 'three/examples/jsm/lines/LineMaterial.js';

/** Width of the outline of what is selected, pixels. */
const OUTLINE_PX = 3;
/** Edges of faded elements keep at least this opacity, so that one sees where the wall stands. */
const FADED_EDGE = 0.22;

const materialsOf = (mesh) => (Array.isArray(mesh.material) ? mesh.material : [mesh.material]);

/** Fades an element to a share of its own opacity; 1 restores it. */
export function setFade(element, share) {
  if (element.fade === share) return;
  element.fade = share;
  for (const mesh of element.meshes) {
    for (const material of materialsOf(mesh)) {
      const own = (material.userData.own ??= {
        opacity: material.opacity, transparent: material.transparent, depthWrite: material.depthWrite,
      });
      const wasTransparent = material.transparent;
      material.opacity = own.opacity * share;
      material.transparent = own.transparent || share < 1;
      material.depthWrite = own.depthWrite && share === 1;
      if (material.transparent !== wasTransparent) material.needsUpdate = true;
    }
    const edges = mesh.userData.edges;
    if (edges) {
      const strength = (edges.material.userData.strength ??= edges.material.opacity);
      edges.material.opacity = share === 1 ? strength : Math.max(FADED_EDGE, strength * share);
    }
  }
}

/** True when clicks go through the element, because it can hardly be seen. */
export const isFaded = (element) => (element.fade ?? 1) < 0.6;

/** The outline of the selected element, drawn over everything. */
export class Outline {
  constructor(stage) {
    this.stage = stage;
    this.lines = [];
    this.material = new LineMaterial({ color: 0x1473e6, linewidth: OUTLINE_PX, depthTest: false, transparent: true });
  }

  setColor(color) {
    this.material.color.set(color);
  }

  show(element) {
    for (const line of this.lines) {
      line.removeFromParent();
      line.geometry.dispose();
    }
    this.lines = (element?.meshes ?? []).map((mesh) => {
      const edges = mesh.userData.edges?.geometry ?? new THREE.EdgesGeometry(mesh.geometry, 1);
      const line = new LineSegments2(new LineSegmentsGeometry().fromEdgesGeometry(edges), this.material);
      line.raycast = () => {};
      line.renderOrder = 10;
      mesh.add(line);
      return line;
    });
    this.stage.requestDrawing();
  }
}
