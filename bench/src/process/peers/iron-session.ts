import { sealData, unsealData } from 'iron-session';
import { SECRET, type Sealing } from '../sealing.js';

export const ironSession: Sealing<object> = {
  name: 'iron-session',
  seal: (values) => sealData(values, { password: SECRET }),
  open: (token) => unsealData(token, { password: SECRET }),
};
