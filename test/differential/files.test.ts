import { describeBoth } from './differential.ts';

describeBoth('files');
