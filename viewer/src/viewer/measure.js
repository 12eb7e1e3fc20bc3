// The measuring tool: two clicks on surfaces, the distance between them.

import * as THREE from 'three';
import { Line2 } from 'three/examples/jsm/lines/Line2.js';
import { LineGeometry } from 'three/examples/jsm/lines/LineGeometry.js';
import { LineMaterial } from 'three/examples/jsm/lines/LineMaterial.js';
import { h } from '../shared/dom.js';
import { metres } from '../shared/words.js';

/** Width of the line and size of its end marks, pixels. */
const LINE_PX = 3;
const MARK_PX = 9;

export class Measure {
  constructor(stage, picker, layer, announce) {
    Object.assign(this, { stage, picker, announce, points: [], isOn: false });
    this.group = new THREE.Group();
    stage.scene.add(this.group);
    this.label = h('span', { class: 'label distance', hidden: true });
    layer.append(this.label);
    this.color = new THREE.Color(0xd1007a);
    stage.afterDrawing.push(() => this.placeLabel());
  }

  setOn(isOn) {
    this.isOn = isOn;
    this.stage.canvas.classList.toggle('measuring', isOn);
    this.clear();
    if (isOn) this.announce('Click on the first point. Corners catch the pointer.');
  }

  clear() {
    this.points = [];
    this.rebuild();
  }

  /** A click while the tool is on. */
  click(event) {
    const found = this.picker.point(event);
    if (!found) return;
    if (this.points.length === 2) this.points = [];
    this.points.push(found.point.clone());
    this.rebuild();
    const result = this.result();
    this.announce(result ? sentence(result) : 'Click on the second point.');
  }

  /** Metres between the two points, and their horizontal and vertical parts; null before the second. */
  result() {
    if (this.points.length < 2) return null;
    const d = this.points[1].clone().sub(this.points[0]);
    return { distance_m: d.length(), horizontal_m: Math.hypot(d.x, d.z), vertical_m: Math.abs(d.y) };
  }

  rebuild() {
    this.group.traverse((node) => node.geometry?.dispose());
    this.group.clear();
    const marks = new THREE.BufferGeometry().setFromPoints(this.points);
    const style = { color: this.color, depthTest: false, transparent: true };
    if (this.points.length > 0) {
      this.group.add(new THREE.Points(marks, new THREE.PointsMaterial({ ...style, size: MARK_PX, sizeAttenuation: false })));
    }
    if (this.points.length === 2) {
      const line = new LineGeometry().setPositions(this.points.flatMap((point) => point.toArray()));
      this.group.add(new Line2(line, new LineMaterial({ ...style, linewidth: LINE_PX })));
    }
    this.group.traverse((node) => Object.assign(node, { renderOrder: 20, raycast: () => {} }));
    this.stage.requestDrawing();
  }

  placeLabel() {
    const result = this.result();
    const pixel = result && this.stage.project(this.points[0].clone().lerp(this.points[1], 0.5));
    this.label.hidden = !pixel;
    if (!pixel) return;
    this.label.textContent = this.stage.isTop ? metres(result.horizontal_m) : metres(result.distance_m);
    this.label.style.transform = `translate(${pixel.x.toFixed(1)}px, ${pixel.y.toFixed(1)}px) translate(-50%, -140%)`;
  }
}

const sentence = ({ distance_m: distance, horizontal_m: across, vertical_m: up }) =>
  `Distance ${metres(distance)} (horizontal ${metres(across)}, vertical ${metres(up)})`;
