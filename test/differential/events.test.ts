import { describeBoth } from './differential.ts';

describeBoth('events');
