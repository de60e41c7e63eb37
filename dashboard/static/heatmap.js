// Draws cells at their mean page positions: warm where many clicked.

const PALETTE = ["#60a5fa", "#22d3ee", "#34d399", "#fde047", "#f97316", "#dc2626"];
const MARGIN_PX = 40;

let drawn = null; // what the pointer is compared with

export function draw(canvas, heat) {
  const css = getComputedStyle(document.documentElement);
  const page = size(heat);
  const room = canvas.parentElement.clientWidth;
  // A phone's page is not blown up to the width of the card.
  const width = Math.min(room, Math.max(320, page.width * 0.8));
  const scale = width / page.width;
  const height = Math.round(page.height * scale);
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = css.getPropertyValue("--sheet");
  pen.fillRect(0, 0, width, height);
  boxes(pen, heat.cells, scale, css);
  rulers(pen, width, height, scale, css);
  const radius = Math.max(12, Math.min(30, width / 32));
  pen.drawImage(warmth(heat.cells, width, height, scale, radius), 0, 0, width, height);
  badges(pen, heat.spots, scale, width, height);
  drawn = { cells: heat.cells, scale, radius };
}

// The cell nearest to a point of the canvas (CSS px), or null.
export function at(x, y) {
  if (!drawn) return null;
  let best = null;
  let least = drawn.radius;
  for (const cell of drawn.cells) {
    const distance = Math.hypot(cell.x * drawn.scale - x, cell.y * drawn.scale - y);
    if (distance < least) [best, least] = [cell, distance];
  }
  return best;
}

function size(heat) {
  let right = 0;
  let bottom = 0;
  for (const cell of heat.cells) {
    right = Math.max(right, cell.x);
    bottom = Math.max(bottom, cell.y);
  }
  const width = Math.max(heat.width, right + MARGIN_PX, 320);
  return { width, height: Math.max(bottom + 2 * MARGIN_PX, width * 0.45) };
}

function rulers(pen, width, height, scale, css) {
  pen.strokeStyle = css.getPropertyValue("--line");
  pen.fillStyle = css.getPropertyValue("--faint");
  pen.font = "10px system-ui, sans-serif";
  pen.lineWidth = 1;
  pen.setLineDash([2, 4]);
  for (let y = 500; y * scale < height; y += 500) {
    pen.beginPath();
    pen.moveTo(0, Math.round(y * scale) + 0.5);
    pen.lineTo(width, Math.round(y * scale) + 0.5);
    pen.stroke();
    pen.fillText(`${y} px`, 6, y * scale - 4);
  }
  pen.setLineDash([]);
}

// Rough outlines of the clicked elements, as far as their clicks reach.
function boxes(pen, cells, scale, css) {
  const found = new Map();
  for (const cell of cells) {
    if (cell.selector === null) continue;
    const box = found.get(cell.selector) ?? { left: cell.x, right: cell.x, top: cell.y, bottom: cell.y };
    box.left = Math.min(box.left, cell.x);
    box.right = Math.max(box.right, cell.x);
    box.top = Math.min(box.top, cell.y);
    box.bottom = Math.max(box.bottom, cell.y);
    found.set(cell.selector, box);
  }
  pen.fillStyle = css.getPropertyValue("--ground");
  pen.strokeStyle = css.getPropertyValue("--line");
  for (const box of found.values()) {
    const pad = 8;
    pen.beginPath();
    pen.roundRect(
      (box.left - pad) * scale, (box.top - pad) * scale,
      (box.right - box.left + 2 * pad) * scale, (box.bottom - box.top + 2 * pad) * scale, 5,
    );
    pen.fill();
    pen.stroke();
  }
}

// First how warm each pixel is, as opacity; then opacity becomes colour.
function warmth(cells, width, height, scale, radius) {
  const layer = document.createElement("canvas");
  layer.width = Math.ceil(width);
  layer.height = Math.ceil(height);
  const pen = layer.getContext("2d", { willReadFrequently: true });
  const stamp = spot(radius);
  const most = cells.length ? cells[0].clicks : 1;
  for (const cell of cells) {
    // The root keeps rare clicks visible beside a button that everyone presses.
    pen.globalAlpha = Math.max(0.1, Math.sqrt(cell.clicks / most) * 0.9);
    pen.drawImage(stamp, cell.x * scale - radius, cell.y * scale - radius);
  }
  const pixels = pen.getImageData(0, 0, layer.width, layer.height);
  const colours = ramp();
  const values = pixels.data;
  for (let i = 3; i < values.length; i += 4) {
    const heat = values[i];
    if (heat === 0) continue;
    values[i - 3] = colours[heat * 4];
    values[i - 2] = colours[heat * 4 + 1];
    values[i - 1] = colours[heat * 4 + 2];
    values[i] = Math.min(215, heat * 2 + 20);
  }
  pen.putImageData(pixels, 0, 0);
  return layer;
}

function spot(radius) {
  const stamp = document.createElement("canvas");
  stamp.width = stamp.height = radius * 2;
  const pen = stamp.getContext("2d");
  const fade = pen.createRadialGradient(radius, radius, 0, radius, radius, radius);
  fade.addColorStop(0, "rgb(0 0 0 / 100%)");
  fade.addColorStop(0.5, "rgb(0 0 0 / 45%)");
  fade.addColorStop(1, "rgb(0 0 0 / 0%)");
  pen.fillStyle = fade;
  pen.fillRect(0, 0, radius * 2, radius * 2);
  return stamp;
}

function ramp() {
  const strip = document.createElement("canvas");
  strip.width = 256;
  strip.height = 1;
  const pen = strip.getContext("2d");
  const fade = pen.createLinearGradient(0, 0, 256, 0);
  PALETTE.forEach((colour, i) => fade.addColorStop(i / (PALETTE.length - 1), colour));
  pen.fillStyle = fade;
  pen.fillRect(0, 0, 256, 1);
  return pen.getImageData(0, 0, 256, 1).data;
}

function badges(pen, spots, scale, width, height) {
  pen.font = "650 11px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const placed = [];
  spots.forEach((spot, i) => {
    let x = Math.min(width - 12, Math.max(12, spot.x * scale));
    const y = Math.min(height - 12, Math.max(12, spot.y * scale));
    // Close neighbours stand side by side instead of on each other.
    while (placed.some((other) => Math.abs(other.x - x) < 20 && Math.abs(other.y - y) < 20) && x < width - 32) x += 21;
    placed.push({ x, y });
    pen.beginPath();
    pen.arc(x, y, 9.5, 0, 2 * Math.PI);
    pen.fillStyle = "#111827";
    pen.fill();
    pen.lineWidth = 1.5;
    pen.strokeStyle = "#ffffff";
    pen.stroke();
    pen.fillStyle = "#ffffff";
    pen.fillText(String(i + 1), x, y + 0.5);
  });
}
