// What lies under the pointer.

import * as THREE from 'three';
import { isFaded } from './appearance.js';

/** A press that moves further than this is a drag, pixels. */
const CLICK_PX = 4;
/** Corners nearer than this to the pointer catch it, pixels. */
const SNAP_PX = 9;

export class Picker {
  constructor(stage) {
    this.stage = stage;
    this.raycaster = new THREE.Raycaster();
    this.meshes = [];
    this.listeners = [];
    let press = null;
    stage.canvas.addEventListener('pointerdown', (event) => {
      press = event.isPrimary && event.button === 0 ? { x: event.clientX, y: event.clientY } : null;
    });
    stage.canvas.addEventListener('pointerup', (event) => {
      if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) <= CLICK_PX) {
        for (const listener of this.listeners) listener(event);
      }
      press = null;
    });
  }

  setModel(model) {
    this.meshes = model.elements.flatMap((element) => element.meshes);
  }

  onClick(listener) {
    this.listeners.push(listener);
  }

  /** The first surface under the pointer; faded elements only when nothing else is there. */
  hit(event) {
    this.raycaster.setFromCamera(this.stage.device(event), this.stage.camera);
    const hits = this.raycaster.intersectObjects(this.meshes, false);
    const solid = hits.find(({ object }) => !isFaded(object.userData.element));
    return solid ?? hits[0] ?? null;
  }

  /** The element under the pointer. */
  element(event) {
    return this.hit(event)?.object.userData.element ?? null;
  }

  /** The point of the surface under the pointer; a corner of the hit triangle when one is near. */
  point(event) {
    const hit = this.hit(event);
    if (!hit) return null;
    const frame = this.stage.canvas.getBoundingClientRect();
    const pointer = { x: event.clientX - frame.left, y: event.clientY - frame.top };
    const position = hit.object.geometry.attributes.position;
    let best = { distance: SNAP_PX, point: hit.point, isCorner: false };
    for (const index of [hit.face.a, hit.face.b, hit.face.c]) {
      const corner = new THREE.Vector3().fromBufferAttribute(position, index).applyMatrix4(hit.object.matrixWorld);
      const pixel = this.stage.project(corner);
      const distance = pixel ? Math.hypot(pixel.x - pointer.x, pixel.y - pointer.y) : Infinity;
      if (distance < best.distance) best = { distance, point: corner, isCorner: true };
    }
    return best;
  }

  /** Something solid stands between the camera and the point (walls only, in `blockers`). */
  isHidden(point, blockers) {
    const origin = this.stage.camera.position;
    const direction = point.clone().sub(origin);
    const reach = direction.length();
    this.raycaster.set(origin, direction.normalize());
    this.raycaster.far = reach - 0.02;
    const isBlocked = this.raycaster.intersectObjects(blockers, false).length > 0;
    this.raycaster.far = Infinity;
    return isBlocked;
  }
}
