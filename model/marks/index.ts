export { besideMask, besidePose, resultEntries, rounded } from './entries.ts'
export {
  type FrameMasks,
  labelMaps,
  maskMarks,
  type PersonsMark,
  personsMarks,
  poseMarks,
} from './keyframes.ts'
export { type RunMakings, runRecord } from './record.ts'
