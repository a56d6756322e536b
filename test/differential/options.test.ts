import { describeBoth } from './differential.ts';

describeBoth('options');
