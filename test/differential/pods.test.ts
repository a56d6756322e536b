import { describeBoth } from './differential.ts';

describeBoth('pods');
