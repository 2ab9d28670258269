#pragma once

#include <fcgiapp.h>
#include <fastcgi.h>

// What libfcgi's `FCGX_Stream.data` points to (FCGX_Stream_Data in fcgiapp.c, the same since 1997): its header does not
// say, and a reader of the connection needs to know what libfcgi has read of it already.
struct berth_fcgi_stream_data {
  unsigned char *buff;
  int bufflen;
  unsigned char *mBuff;
  unsigned char *buffStop;
  int type;
  int eorStop;
  int skip;
  int contentLen;
  int paddingLen;
  int isAnythingWritten;
  int rawWrite;
  FCGX_Request *reqDataPtr;
};
