// Runs in a page, and returns the defects that make the page hard to read, in the color scheme that the user prefers.
const defects = [];

const color = (text) => {
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  return Array.from(canvas.getImageData(0, 0, 1, 1).data).map((part) => part / 255);
};

// Blends `over` onto the opaque color `under`.
const mix = (over, under, alpha = over[3]) =>
  [0, 1, 2].map((part) => over[part] * alpha + under[part] * (1 - alpha)).concat(1);

// WCAG 2.2, relative luminance and contrast ratio.
const luminance = (rgb) => [0.2126, 0.7152, 0.0722]
  .map((weight, part) => {
    const value = rgb[part];
    return weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  })
  .reduce((sum, part) => sum + part);

const contrast = (one, other) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

// The canvas color behind a page without its own background, in the page's color scheme.
const sheet = document.body.appendChild(document.createElement("i"));
sheet.style.backgroundColor = "Canvas";
const paper = color(getComputedStyle(sheet).backgroundColor);
sheet.remove();

const background = (element) => {
  if (!element) return paper;
  return mix(color(getComputedStyle(element).backgroundColor), background(element.parentElement));
};

for (const element of document.body.querySelectorAll("*")) {
  const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!own) continue;
  const style = getComputedStyle(element);
  const under = background(element);
  const ratio = contrast(mix(mix(color(style.color), under), under, Number(style.opacity)), under);
  if (ratio < 4.5) defects.push(`${element.localName} has a contrast of ${ratio.toFixed(1)} to 1`);
}

for (const element of document.querySelectorAll("button, input:not([type=hidden])")) {
  const height = element.getBoundingClientRect().height;
  if (height < 44) defects.push(`${element.localName} is ${height} pixels high: too little for a finger`);
}

const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
const brightness = luminance(background(document.body));
if (isDark ? brightness > 0.2 : brightness < 0.5) defects.push(`its background has a luminance of ${brightness}`);

const root = document.documentElement;
if (root.scrollWidth > innerWidth) defects.push(`it is ${root.scrollWidth} pixels wide`);
if (!root.lang) defects.push("it does not say its language");
if (document.querySelectorAll("h1").length !== 1) defects.push("it has no heading, or two");
return defects;
