/** The address of a frame’s script begins so; the path of the script from the root of the repository follows. */
export const FRAME_SCRIPTS = '/__tidemark/frames/';
