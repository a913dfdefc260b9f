// Which screen shows what a members' page would show, where that page could not be loaded.
const SCREENS = [
  [/^(?:offline\/|may-chung\/doi-nguoi\/)?$/, () => "#today"],
  [/^goi\/$/, () => "#pack"],
  [/^goi\/(\d+)\/$/, (id) => `#part-${id}`],
  [/^kien\/(\d+)\/(?:tem\/)?$/, (id) => `#parcel-${id}`], // the QR code of a label
  [/^goi\/lay-hang\/$/, () => "#picks"],
  [/^hang\/$/, () => "#products"],
  [/^hang\/moi\/$/, () => "#new"],
  [/^hang\/(\d+)\/(?:loai\/\d+\/)?$/, (id) => `#listing-${id}`],
  [/^kho\/$/, () => "#stock"],
  [/^lo\/$/, () => "#lots"],
  [/^lo\/moi\/$/, () => "#newlot"],
  [/^lo\/(\d+)\/$/, (id) => `#lot-${id}`],
  [/^ban-giao\/(?:[^/]+\/)?$/, () => "#receive"],
];

// Return the screen's hash, null if there is none for the page.
export const screenFor = (pathname) => {
  const path = /\/xa-vien\/(.*)$/.exec(pathname)?.[1];
  for (const [pattern, screen] of path === undefined ? [] : SCREENS) {
    const match = pattern.exec(path);
    if (match) return screen(match[1]);
  }
  return null;
};
