/** Icons, drawn on a grid of 24 and coloured by the text around them. */

const PATHS = {
  heart: "M12 20.3 4.6 13a4.9 4.9 0 0 1 0-7 4.9 4.900 0 0 1 6.900 0l.5.5.5-.5a4.900 4.900 0 0 1 6.900 7Z",
  share: "M14 5.500 20 11l-6 5.500V13c-5 0-8 1.600-10 5 .4-5.700 3.800-9.400 10-10Z",
  dislike: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM6 6l12 12",
  sound: "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500ZM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a7.800 7.800 0 0 1 0 11",
  muted: "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500ZM16 9.500l5 5M21 9.500l-5 5",
  play: "M8 5.200v13.600L19 12Z",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  down: "M12 5v13M6.500 12.500 12 18l5.500-5.500",
  check: "M5 12.500 10 17.500 19.500 7",
  spark: "M12 3.500 13.900 9.600 20 11.500l-6.100 1.900L12 19.500l-1.900-6.100L4 11.500l6.100-1.900Z",
  warning: "M12 4 21 19.500H3ZM12 10v4.500M12 17v.1",
  flag: "M6 20.500V4.500M6 5h11.500l-2.500 4 2.500 4H6",
  captions: "M3.500 6.500h17v11h-17ZM10 10.500a2 2 0 1 0 0 3M16.500 10.500a2 2 0 1 0 0 3",
  grip: "M9 6v.1M15 6v.1M9 12v.1M15 12v.1M9 18v.1M15 18v.1",
  image: "M4 5.500h16v13H4ZM4 16l4.500-4.500 4 4 3-3L20 16M15.500 9.300v.1",
  bin: "M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7",
  gauge: "M4.500 17a8.500 8.500 0 1 1 15 0M12 14l4-5",
  save: "M12 4v11M7.500 10.500 12 15l4.500-4.500M5 19.500h14",
  retry: "M19 8.500A8 8 0 1 0 20 13M19.500 4v4.800h-4.800",
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${name}`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
