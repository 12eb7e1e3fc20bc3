// Where things are drawn: renderer, lights, two cameras with their controls, drawing on demand.
//
// Frames are drawn only when something changed, so that an open page costs nothing and a picture of it
// does not depend on the moment. The perspective camera orbits; the orthographic one looks straight
// down with the run's +y up on the screen, and is panned and zoomed.

import * as THREE from 'three';
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';

/** Vertical field of view, degrees. */
const FOV_DEG = 45;
/** Where the first view looks from, relative to the middle: south-east, from above. */
const FIRST_DIRECTION = new THREE.Vector3(0.55, 1.05, 0.8).normalize();
/** Space left around what is framed, as a factor. */
const MARGIN = 1.08;
/** Pixels of a device pixel at most: finer costs time and shows nothing. */
const MAX_PIXEL_RATIO = 2;
/** The grid lies this far below the floor, metres: floors must not flicker. */
const GRID_DROP_M = 0.03;
/** Smallest thing that can be framed, metres. */
const SMALLEST_M = 0.2;

export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true, preserveDrawingBuffer: true });
    this.scene = new THREE.Scene();
    this.perspective = new THREE.PerspectiveCamera(FOV_DEG, 1, 0.05, 200);
    this.orthographic = new THREE.OrthographicCamera(-5, 5, 5, -5, 0.1, 200);
    this.orthographic.up.set(0, 0, -1);
    this.camera = this.perspective;
    this.orbit = this.controlsOf(this.perspective);
    this.pan = this.controlsOf(this.orthographic);
    this.pan.enableRotate = false;
    this.pan.screenSpacePanning = true;
    this.pan.mouseButtons.LEFT = THREE.MOUSE.PAN;
    this.pan.touches.ONE = THREE.TOUCH.PAN;
    this.pan.enabled = false;
    this.bounds = new THREE.Box3(new THREE.Vector3(-2, 0, -2), new THREE.Vector3(2, 2.5, 2));
    this.beforeDrawing = [];
    this.afterDrawing = [];
    this.pending = 0;
    this.halfHeight = 5;
    this.addLights();
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    this.resize();
  }

  controlsOf(camera) {
    const controls = new OrbitControls(camera, this.canvas);
    controls.enableDamping = false;
    controls.maxPolarAngle = 0.98 * Math.PI;
    controls.addEventListener('change', () => this.requestDrawing());
    return controls;
  }

  addLights() {
    this.scene.add(new THREE.HemisphereLight(0xffffff, 0xa59a8c, 2.0));
    const sun = new THREE.DirectionalLight(0xffffff, 1.5);
    sun.position.set(0.45, 1, 0.65);
    const fill = new THREE.DirectionalLight(0xffffff, 0.35);
    fill.position.set(-0.7, 0.5, -0.4);
    this.scene.add(sun, fill);
  }

  get isTop() {
    return this.camera === this.orthographic;
  }

  /** Background and grid in the colours of the page. */
  setColors(background, line) {
    this.renderer.setClearColor(new THREE.Color(background));
    this.gridColor = new THREE.Color(line);
    if (this.grid) this.grid.material.color.copy(this.gridColor);
    this.requestDrawing();
  }

  /** What is shown: its box and points of its outline. Clipping planes, grid and first view follow. */
  setContent(bounds, points) {
    this.bounds.copy(bounds);
    const reach = Math.max(this.bounds.getSize(new THREE.Vector3()).length(), 1);
    this.perspective.near = reach / 400;
    this.perspective.far = reach * 40;
    this.orbit.maxDistance = reach * 12;
    this.layGrid();
    this.frame(points, FIRST_DIRECTION);
  }

  /** One square a metre under the whole scene. */
  layGrid() {
    if (this.grid) {
      this.scene.remove(this.grid);
      this.grid.geometry.dispose();
      this.grid.material.dispose();
    }
    const size = this.bounds.getSize(new THREE.Vector3());
    const center = this.bounds.getCenter(new THREE.Vector3());
    const side = Math.min(2 * Math.ceil(Math.max(size.x, size.z) / 2 + 2), 200);
    this.grid = new THREE.GridHelper(side, side, 0xffffff, 0xffffff);
    Object.assign(this.grid.material, { vertexColors: false, transparent: true, opacity: 0.45, depthWrite: false });
    this.grid.material.color.copy(this.gridColor ?? new THREE.Color(0x8090a0));
    this.grid.position.set(Math.round(center.x), Math.min(this.bounds.min.y, 0) - GRID_DROP_M, Math.round(center.z));
    this.scene.add(this.grid);
  }

  /** Puts points into the picture; the perspective camera keeps its direction unless one is given. */
  frame(points, direction = null) {
    const box = new THREE.Box3().setFromPoints(points);
    const center = box.getCenter(new THREE.Vector3());
    const size = box.getSize(new THREE.Vector3()).clampScalar(SMALLEST_M, Infinity);
    const away = direction?.clone() ?? this.perspective.position.clone().sub(this.orbit.target).normalize();
    const distance = Math.max(MARGIN * this.distanceFor(points, center, away), size.length());
    this.orbit.target.copy(center);
    this.perspective.position.copy(center).addScaledVector(away, distance);
    this.orbit.update();
    this.pan.target.copy(center);
    this.orthographic.position.set(center.x, this.bounds.max.y + 10, center.z);
    this.orthographic.zoom = 1;
    this.orthographic.far = this.bounds.getSize(new THREE.Vector3()).y + 40;
    this.halfHeight = 0.5 * MARGIN * Math.max(size.z, size.x / this.aspect);
    this.updateProjections();
    this.pan.update();
    this.requestDrawing();
  }

  /** How far from the middle a camera sees all points, looking along `-away`. */
  distanceFor(points, center, away) {
    const right = new THREE.Vector3(0, 1, 0).cross(away).normalize();
    if (right.lengthSq() < 0.5) right.set(1, 0, 0);
    const up = away.clone().cross(right);
    const tangent = Math.tan(THREE.MathUtils.degToRad(FOV_DEG) / 2);
    return points.reduce((farthest, point) => {
      const at = point.clone().sub(center);
      const sideways = Math.max(Math.abs(at.dot(up)), Math.abs(at.dot(right)) / this.aspect);
      return Math.max(farthest, at.dot(away) + sideways / tangent);
    }, 0);
  }

  setTop(isTop) {
    this.camera = isTop ? this.orthographic : this.perspective;
    this.pan.enabled = isTop;
    this.orbit.enabled = !isTop;
    this.requestDrawing();
  }

  get aspect() {
    return this.width / this.height;
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    this.width = Math.max(clientWidth, 1);
    this.height = Math.max(clientHeight, 1);
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, MAX_PIXEL_RATIO));
    this.renderer.setSize(this.width, this.height, false);
    this.updateProjections();
    this.requestDrawing();
  }

  updateProjections() {
    this.perspective.aspect = this.aspect;
    this.perspective.updateProjectionMatrix();
    const half = this.halfHeight;
    Object.assign(this.orthographic, { top: half, bottom: -half, left: -half * this.aspect, right: half * this.aspect });
    this.orthographic.updateProjectionMatrix();
  }

  /** Metres that one pixel of the top view spans. */
  get metresPerPixel() {
    return (2 * this.halfHeight) / (this.orthographic.zoom * this.height);
  }

  requestDrawing() {
    this.pending ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.pending = 0;
    this.camera.updateMatrixWorld();
    for (const step of this.beforeDrawing) step(this);
    this.renderer.render(this.scene, this.camera);
    for (const step of this.afterDrawing) step(this);
  }

  /** Pixel of the canvas (CSS pixels from its corner) and depth of a point; null behind the camera. */
  project(point) {
    const at = point.clone().project(this.camera);
    if (!this.isTop && point.clone().applyMatrix4(this.camera.matrixWorldInverse).z > -this.camera.near) return null;
    return { x: (0.5 + 0.5 * at.x) * this.width, y: (0.5 - 0.5 * at.y) * this.height, depth: at.z };
  }

  /** Normalised device coordinates of a pointer event. */
  device(event) {
    const frame = this.canvas.getBoundingClientRect();
    return new THREE.Vector2(
      (2 * (event.clientX - frame.left)) / frame.width - 1,
      1 - (2 * (event.clientY - frame.top)) / frame.height,
    );
  }
}
