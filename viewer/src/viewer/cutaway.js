// Walls that stand between the camera and the rooms fade.
//
// A wall with one room fades when the camera is on its other side; one between two rooms when the camera
// is outside the house and looks from low enough that the wall would hide the room behind it. What hangs
// on a faded wall, and what fills its openings, fades with it.

import * as THREE from 'three';
import { setFade } from './appearance.js';

/** Opacity of faded outer walls, of faded inner walls, and of what hangs on either. */
const OUTER = 0.07;
const INNER = 0.3;
const HANGING = 0.25;
/** Where along a wall its sides are probed, and how far off its face, metres. */
const PROBES = [0.15, 0.5, 0.85];
const PROBE_OFF_M = 0.15;
/** Above this elevation an inner wall hides little of the room behind it, degrees. */
const STEEP_DEG = 62;
/** The camera counts as on a wall's other side from this far beyond its middle plane, metres. */
const BEYOND_M = 0.05;

export class Cutaway {
  constructor(stage) {
    this.stage = stage;
    this.isOn = true;
    this.walls = [];
    stage.beforeDrawing.push(() => this.apply());
  }

  setModel(model) {
    this.model = model;
    const floors = model.elements.filter((element) => element.kind === 'room').map(planOf);
    this.floors = floors;
    this.walls = model.elements.filter((element) => element.kind === 'wall').map((wall) => this.sidesOf(wall, floors));
  }

  /** Direction of the wall's left face, whether a room is on either side, and what hangs on it. */
  sidesOf(wall, floors) {
    const along = new THREE.Vector3().setFromMatrixColumn(wall.node.matrixWorld, 0).setY(0).normalize();
    const left = new THREE.Vector3(along.z, 0, -along.x);
    const middle = new THREE.Vector3().setFromMatrixPosition(wall.node.matrixWorld);
    const [length, thickness] = wall.size;
    const hasRoom = (side) =>
      PROBES.some((share) => {
        const at = middle.clone().addScaledVector(along, (share - 0.5) * length);
        at.addScaledVector(left, side * (0.5 * thickness + PROBE_OFF_M));
        return floors.some((floor) => isOver(floor, at));
      });
    const hangs = (element) => {
      const support = element.extras.support;
      return element.extras.parent === wall.id || (support?.on === 'wall' && support.id === wall.id);
    };
    return {
      wall, left, middle, leftRoom: hasRoom(1), rightRoom: hasRoom(-1),
      hanging: this.model.elements.filter((element) => element !== wall && hangs(element)),
    };
  }

  setOn(isOn) {
    this.isOn = isOn;
    this.stage.requestDrawing();
  }

  apply() {
    const camera = this.stage.camera.position;
    const isActive = this.isOn && !this.stage.isTop;
    const isInside = isActive && this.floors?.some((floor) => camera.y < floor.top && isOver(floor, camera));
    for (const entry of this.walls) {
      const share = isActive ? this.shareOf(entry, camera, isInside) : 1;
      setFade(entry.wall, share);
      for (const element of entry.hanging) setFade(element, share < 1 ? HANGING : 1);
    }
  }

  shareOf({ left, middle, leftRoom, rightRoom }, camera, isInside) {
    const offset = camera.clone().sub(middle);
    const side = offset.dot(left);
    if (leftRoom && rightRoom) {
      const elevation = THREE.MathUtils.radToDeg(Math.atan2(offset.y, Math.hypot(offset.x, offset.z)));
      return !isInside && elevation < STEEP_DEG ? INNER : 1;
    }
    if (leftRoom === rightRoom) return 1;
    const isBeyond = leftRoom ? side < -BEYOND_M : side > BEYOND_M;
    return isBeyond ? OUTER : 1;
  }
}

/** The triangles of a room's floor in plan, and the height of its ceiling. */
function planOf(room) {
  const triangles = [];
  for (const mesh of room.meshes) {
    const position = mesh.geometry.attributes.position;
    const index = mesh.geometry.index;
    const count = index ? index.count : position.count;
    const corners = [];
    for (let i = 0; i < count; i++) {
      const at = new THREE.Vector3().fromBufferAttribute(position, index ? index.getX(i) : i).applyMatrix4(mesh.matrixWorld);
      corners.push(at);
      if (corners.length === 3) triangles.push(corners.splice(0));
    }
  }
  return { triangles, top: room.box.min.y + (room.size[2] ?? 0) };
}

/** The point lies over the floor, in plan. */
function isOver({ triangles }, point) {
  const side = (a, b) => (b.x - a.x) * (point.z - a.z) - (b.z - a.z) * (point.x - a.x);
  return triangles.some(([a, b, c]) => {
    const sides = [side(a, b), side(b, c), side(c, a)];
    return sides.every((s) => s >= 0) || sides.every((s) => s <= 0);
  });
}
