#ifndef SLUICE_CRE2_H
#define SLUICE_CRE2_H
#endif
