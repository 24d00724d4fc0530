/** What JSX becomes in the bundle: the build puts this import into every file that has any. */
export { Fragment, h } from "preact";
