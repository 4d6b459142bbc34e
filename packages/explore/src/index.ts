export { type Site, type SiteKind } from "./sites.js";
