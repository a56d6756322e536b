import { describeBoth } from './differential.ts';

describeBoth('naming');
