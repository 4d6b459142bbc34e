/** The setup file that the Vitest plugin adds: the runtime must stand before any transformed module runs. */
import "../runtime/index.js";
