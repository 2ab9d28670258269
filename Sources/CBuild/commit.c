#include "CBuild.h"

#define TEXT(token) #token
#define EXPANDED(macro) TEXT(macro)

const char *berth_commit(void) {
#ifdef BERTH_COMMIT
  return EXPANDED(BERTH_COMMIT);
#else
  return 0;
#endif
}
