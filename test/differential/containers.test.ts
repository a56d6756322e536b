import { describeBoth } from './differential.ts';

describeBoth('containers');
